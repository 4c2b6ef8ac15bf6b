import { describe, expect, it } from 'vitest';
import { PACKAGE_LAYERS, STANDALONE_PACKAGES, VENDOR_OWNERS } from './layers.ts';
import { listImports, listSourceImports, packageNameOf, resolveRelative, workspaceOf } from './list-imports.ts';
import { parseText } from './parse-module.ts';
import { isTestCode, listWorkspaces, readProjectFile } from './project-files.ts';

const SCOPE = '@nightshift/';
const PACKAGES = listWorkspaces('packages');
const APPS = listWorkspaces('apps');
const WORKSPACES = [...PACKAGES.map((name) => `packages/${name}`), ...APPS.map((name) => `apps/${name}`)];
const SOURCE_IMPORTS = listSourceImports();

describe('the packages', () => {
  it('each have a layer or stand alone', () => {
    expect(PACKAGES).toEqual([...Object.keys(PACKAGE_LAYERS), ...STANDALONE_PACKAGES].sort());
  });

  it.each(WORKSPACES)('%s depends on lower layers only, never on an app', (workspace) => {
    const wrong = ownDependenciesOf(workspace).filter((name) => !mayUse(workspace, name));
    expect(wrong, `package.json of ${workspace} names packages that it may not use`).toEqual([]);
  });

  it('import of our own packages only what their package.json names', () => {
    const undeclared = SOURCE_IMPORTS.filter((found) => {
      const name = packageNameOf(found.specifier);
      if (name === undefined || !name.startsWith(SCOPE)) return false;
      return !ownDependenciesOf(workspaceOf(found.file)).includes(name.slice(SCOPE.length));
    });
    expect(undeclared).toEqual([]);
  });

  it('name no package of ours that they do not import', () => {
    const unused = WORKSPACES.flatMap((workspace) => {
      const used = new Set(
        SOURCE_IMPORTS.filter((found) => workspaceOf(found.file) === workspace).map((found) =>
          packageNameOf(found.specifier),
        ),
      );
      return ownDependenciesOf(workspace)
        .filter((name) => !used.has(SCOPE + name))
        .map((name) => `${workspace} -> ${name}`);
    });
    expect(unused).toEqual([]);
  });

  it('are entered by their index only', () => {
    const deep = SOURCE_IMPORTS.filter(
      ({ specifier }) => specifier.startsWith(SCOPE) && specifier.split('/').length > 2,
    );
    expect(deep).toEqual([]);
  });

  it('reach no file of another workspace by a relative path', () => {
    const leaving = SOURCE_IMPORTS.filter((found) => {
      if (!found.specifier.startsWith('.') || isTestCode(found.file)) return false;
      return !resolveRelative(found).startsWith(`${workspaceOf(found.file)}/`);
    });
    expect(leaving).toEqual([]);
  });
});

describe('a vendor SDK', () => {
  it.each(Object.entries(VENDOR_OWNERS))('%s is imported by %s alone', (vendor, owners) => {
    const others = SOURCE_IMPORTS.filter(
      (found) =>
        packageNameOf(found.specifier) === vendor &&
        !isTestCode(found.file) &&
        !owners.includes(workspaceOf(found.file)),
    );
    expect(others).toEqual([]);
  });

  it.each(Object.entries(VENDOR_OWNERS))('%s is a dependency of %s alone', (vendor, owners) => {
    const holders = WORKSPACES.filter((workspace) => vendor in dependenciesOf(workspace));
    expect(holders.filter((holder) => !owners.includes(holder))).toEqual([]);
  });
});

describe('listImports', () => {
  it('finds every way to name another module', () => {
    const text = [
      "import { a } from 'one';",
      "import type { B } from '@scope/two/deep';",
      "export { c } from './three.ts';",
      "export * from './four.ts';",
      "const d = await import('node:five');",
      "type E = import('six').E;",
      'export const f = "import x from \'seven\'";',
    ].join('\n');
    const found = listImports(parseText('x.ts', text)).map((each) => each.specifier);
    expect(found).toEqual(['one', '@scope/two/deep', './three.ts', './four.ts', 'node:five', 'six']);
    expect(found.map(packageNameOf)).toEqual(['one', '@scope/two', undefined, undefined, undefined, 'six']);
  });
});

function mayUse(workspace: string, dependency: string): boolean {
  const [kind = '', name = ''] = workspace.split('/');
  if (kind === 'apps') return PACKAGES.includes(dependency);
  const own = PACKAGE_LAYERS[name];
  const other = PACKAGE_LAYERS[dependency];
  return own !== undefined && other !== undefined && other < own;
}

/** The packages of ours that a package.json names, without the scope. */
function ownDependenciesOf(workspace: string): string[] {
  return Object.keys(dependenciesOf(workspace))
    .filter((name) => name.startsWith(SCOPE))
    .map((name) => name.slice(SCOPE.length));
}

function dependenciesOf(workspace: string): Record<string, string> {
  const manifest: { dependencies?: Record<string, string>; optionalDependencies?: Record<string, string> } = JSON.parse(
    readProjectFile(`${workspace}/package.json`),
  );
  return { ...manifest.dependencies, ...manifest.optionalDependencies };
}
