/** The other names that a certificate gives its subject, out of the text that node makes of them. */

/** One name: "URI" and "hvql://partition/5". */
export interface AlternativeName {
  readonly kind: string;
  readonly value: string;
}

/**
 * Reads `subjectAltName` of node's X509Certificate: "DNS:a.example, URI:urn:x". Whoever has a certificate made may
 * choose a name with a comma in it; node writes such a one as a JSON string, and splitting at commas would find names
 * that nobody vouched for (CVE-2021-44532). null where the text is not in this form.
 */
export function readAlternativeNames(text: string): readonly AlternativeName[] | null {
  const names: AlternativeName[] = [];
  // Sticky: each name begins exactly where the one before has ended.
  const form = /(?<kind>[A-Za-z ]+):(?:(?<quoted>"(?:[^"\\]|\\.)*")|(?<plain>[^",\\]*))(?:, |$)/y;
  while (form.lastIndex < text.length) {
    const { kind, quoted, plain } = form.exec(text)?.groups ?? {};
    if (kind === undefined) return null;
    const value = quoted === undefined ? plain : parseString(quoted);
    if (value === undefined) return null;
    names.push({ kind, value });
  }
  return names;
}

function parseString(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return undefined;
  }
}
