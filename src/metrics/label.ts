/** Labels of samples. Tenants may choose their values, so a value must not be able to end a label or a line. */
import { ConstantBytes } from '../writer/byte-sink.ts';
import type { ObjectName } from '../snapshot/object-name.ts';

/** Control characters but the line feed, which has an escape: parsers take some of them for the end of the text. */
// eslint-disable-next-line no-control-regex -- it is control characters that are replaced
const unprintable = /[\0-\x09\x0b-\x1f\x7f]/g;

/** A label's value between its quotation marks. */
export function escapeLabelValue(text: string): string {
  return text
    .replaceAll(unprintable, '\ufffd')
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n');
}

/** The labels that identify an object, with the space before the value: `{partition="5",vp="0"} `. */
export function identityLabels(name: ObjectName): ConstantBytes {
  return new ConstantBytes(`${identityText(name)} `);
}

function identityText(name: ObjectName): string {
  switch (name.object) {
    case 'HYPERVISOR':
      return '';
    case 'LOGICAL_PROCESSOR':
      return `{lp="${name.index}"}`;
    case 'PARTITION':
      return `{partition="${name.partitionId}"}`;
    case 'VIRTUAL_PROCESSOR':
      return `{partition="${name.partitionId}",vp="${name.index}"}`;
  }
}
