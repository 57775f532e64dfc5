import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** One reading of a loss curve. */
export interface LossPoint {
  readonly step: number;
  readonly loss: number;
  /** Name of the curve, for example `teacher` or `student (ect)`. */
  readonly phase: string;
}

/**
 * Draws loss curves, one panel per phase (their losses are of different kinds and not comparable), with the
 * readings in grey and their running mean in colour.
 *
 * @returns an SVG document
 */
export function lossPlot(points: readonly LossPoint[]): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const phases = [...new Set(points.map(({ phase }) => phase))];
  const panels = phases.map((phase) => {
    const own = points.filter((point) => point.phase === phase && Number.isFinite(point.loss) && point.loss > 0);
    const losses = own.map(({ loss }) => loss);
    // A logarithmic axis over less than a factor of five has hardly a tick to read.
    const wide = Math.max(...losses) > 5 * Math.min(...losses);
    return Plot.plot({
      document: document,
      title: phase,
      width: 440,
      height: 280,
      marginLeft: 60,
      style: { background: 'white', fontFamily: 'sans-serif', fontSize: '12px' },
      x: { label: 'step', nice: true },
      y: { label: 'loss', type: wide ? 'log' : 'linear', grid: true, tickFormat: '~g', ticks: 5 },
      marks: [
        Plot.dot(own, { x: 'step', y: 'loss', r: 1.2, fill: '#bbb' }),
        Plot.lineY(
          own,
          Plot.windowY(
            { k: Math.max(1, Math.round(own.length / 25)) },
            { x: 'step', y: 'loss', stroke: '#2a6fdb', strokeWidth: 2 },
          ),
        ),
      ],
    });
  });
  return stack(
    panels.map((panel) => panel.querySelector('svg') ?? panel),
    phases,
  );
}

/** Places the panels side by side in one SVG; Plot wraps a titled plot into HTML, which is no image format. */
function stack(panels: readonly Element[], titles: readonly string[]): string {
  const width = 440;
  const height = 310;
  const groups = panels.map((panel, i) => {
    panel.setAttribute('x', String(i * width));
    panel.setAttribute('y', '30');
    panel.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
    const title = `<text x="${i * width + 16}" y="22" font-family="sans-serif" font-size="14" font-weight="600">${escapeXml(titles[i])}</text>`;
    return `${title}${panel.outerHTML}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${panels.length * width}" height="${height}" viewBox="0 0 ${panels.length * width} ${height}"><rect width="100%" height="100%" fill="white"/>${groups.join('')}</svg>\n`;
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
