/** What the files of the project import, by TypeScript's own parser: neither comments nor texts count. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** One import, export from, or import() of a file. */
export interface Import {
  /** As it is written: "./schema.ts" or "graphql". */
  readonly name: string;
  /** Whether it is there when the program runs; else it brings types only. */
  readonly isValue: boolean;
}

const known = new Map<string, readonly Import[]>();

/** All imports of a file, in their order. An import() of what is no literal has no name and is left out. */
export function importsIn(path: string): readonly Import[] {
  const imports = known.get(path) ?? readImports(path);
  known.set(path, imports);
  return imports;
}

function readImports(path: string): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, isValue: boolean) => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier))
      found.push({ name: specifier.text, isValue });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, node.importClause === undefined || bringsValues(node.importClause));
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, !node.isTypeOnly);
    } else if (ts.isImportTypeNode(node)) {
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, false);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], true);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest));
  return found;
}

function bringsValues({ phaseModifier, name, namedBindings }: ts.ImportClause): boolean {
  if (phaseModifier === ts.SyntaxKind.TypeKeyword) return false;
  if (name !== undefined || namedBindings === undefined || ts.isNamespaceImport(namedBindings)) return true;
  return namedBindings.elements.some(({ isTypeOnly }) => !isTypeOnly);
}
