import type { LpipsNet } from '../lpips/trunks';

/** A file that its authors publish. */
export interface PublishedFile {
  readonly file: string;
  readonly url: string;
  /** The sha256, or its beginning as the file's name states it. */
  readonly sha256: string;
}

const torchvision = (file: string, sha256: string): PublishedFile => ({
  file,
  url: `https://download.pytorch.org/models/${file}`,
  sha256,
});

/** Heads of version 0.1, at a fixed commit of the authors' repository. */
const heads = (name: string, sha256: string): PublishedFile => ({
  file: `lpips-v0.1-${name}.pth`,
  url: `https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/082bb24f84c091ea94de2867d34c4544f68e0963/lpips/weights/v0.1/${name}.pth`,
  sha256,
});

/** The Inception v3 of FID. */
export const publishedInception: PublishedFile = {
  file: 'pt_inception-2015-12-05-6726825d.pth',
  url: 'https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth',
  sha256: '6726825d',
};

/** Trunk and heads of LPIPS. */
export const publishedLpips: Readonly<
  Record<LpipsNet, { readonly trunk: PublishedFile; readonly heads: PublishedFile }>
> = {
  vgg16: {
    trunk: torchvision('vgg16-397923af.pth', '397923af'),
    heads: heads('vgg', 'a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868'),
  },
  alexnet: {
    trunk: torchvision('alexnet-owt-7be5be79.pth', '7be5be79'),
    heads: heads('alex', 'df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0'),
  },
  squeezenet: {
    trunk: torchvision('squeezenet1_1-b8a52dc0.pth', 'b8a52dc0'),
    heads: heads('squeeze', '4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76'),
  },
};
