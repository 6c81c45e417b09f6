/** Errors of system calls. */
import { getSystemErrorMap } from 'node:util';

/**
 * A symbolic link points outside of its folder. The code is the same as openat2(2) returns for this (RESOLVE_BENEATH).
 */
export class OutsideLinkError extends Error {
  readonly code = 'EXDEV';
  /** The path of the link in the folder: "partition/5". */
  readonly link: string;

  constructor(link: string) {
    super(`the symbolic link ${link} leads out of the folder`);
    this.link = link;
  }
}

/** The code of a failed system call, 'ENOENT'; undefined for any other error, those of Node itself (ERR_…) included. */
export function systemErrorCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string')) return undefined;
  return /^E[A-Z0-9]+$/.test(thrown.code) ? thrown.code : undefined;
}

/** Whether the error means that the path does not exist. */
export function isNotThere(thrown: unknown): boolean {
  const code = systemErrorCode(thrown);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/**
 * Why a system call failed, without the path, which not every reader may see: "permission denied (EACCES)".
 */
export function systemErrorReason(thrown: unknown): string {
  const code = systemErrorCode(thrown);
  if (code === undefined) return 'an unexpected error';
  if (thrown instanceof OutsideLinkError) return `${thrown.message} (${code})`;
  for (const [name, words] of getSystemErrorMap().values()) if (name === code) return `${words} (${code})`;
  return code;
}
