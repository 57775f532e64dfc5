import { describe, expect, it } from 'vitest';
import { estimateFlops, networkFromConfig, networkNames, networkPreset, presetNames } from '../../src';

describe('networkFromConfig', () => {
  it.each(presetNames)('rebuilds preset %s from the name and config that a file stores', (preset) => {
    const network = networkPreset(preset);
    const stored = JSON.parse(JSON.stringify({ name: network.name, config: network.config })) as {
      name: string;
      config: unknown;
    };
    const again = networkFromConfig(stored);
    expect(again.config).toEqual(network.config);
    expect(again.paramShapes).toEqual(network.paramShapes);
    expect(networkNames).toContain(network.name);
  });

  it('lets config replace keys of a preset', () => {
    const network = networkFromConfig({ preset: 'mnist-tiny', config: { numClasses: 10 } });
    expect(network.numClasses).toBe(10);
    expect(network.paramShapes['label_emb.weight']).toEqual([10, 128]);
  });

  it('names the nearest known network, preset or key', () => {
    expect(() => networkFromConfig({ name: 'adm-unit', config: {} })).toThrow('Did you mean "adm-unet"?');
    expect(() => networkFromConfig({ preset: 'mnist-tinny' })).toThrow('Did you mean "mnist-tiny"?');
    expect(() => networkFromConfig({ preset: 'mnist-tiny', config: { dropoutt: 0 } })).toThrow(
      'Did you mean "dropout"?',
    );
    expect(() => networkFromConfig({ name: 'transformer-xxl' })).toThrow(`Known: ${networkNames.join(', ')}.`);
  });

  it.each(['constructor', '__proto__', 'toString', ''])('does not take "%s" for a network', (name) => {
    expect(() => networkFromConfig({ name, config: {} })).toThrow('unknown network');
    expect(() => networkFromConfig({ preset: name })).toThrow('unknown preset');
  });

  it('refuses a name that contradicts the preset', () => {
    expect(() => networkFromConfig({ name: 'mlp', preset: 'mnist-tiny' })).toThrow('is a "adm-unet"');
  });

  it('keeps the quickstart network within its budget', () => {
    const tiny = networkPreset('mnist-tiny');
    const size = Object.values(tiny.paramShapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(size).toBeLessThan(0.8e6);
    expect(estimateFlops(tiny)).toBeLessThan(0.1e9);
  });
});
