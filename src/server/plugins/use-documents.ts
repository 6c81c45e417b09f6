/** Parsing, document limits and validation with the document store: only for allowed texts, and once per text. */
import { specifiedRules, validate, type GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { requestOf, type YogaContext } from '../context.ts';
import type { DocumentStore } from '../document-store.ts';
import { HttpError } from '../http/http-error.ts';

/**
 * Refuses any text except the one that the allowlist has allowed for this request. A transport that has not called the
 * allowlist, or a plugin that has substituted another text, fails here.
 */
export function useAllowlist(): Plugin<YogaContext> {
  return {
    onParse({ context, params: { source } }) {
      if (requestOf(context).operation?.query === source) return;
      throw new HttpError('OPERATION_NOT_ALLOWED', 'This document has not been allowed for this request.');
    },
  };
}

/** Parses and validates through the store. Rules that other plugins add are checked after the store's own. */
export function useDocuments(documents: DocumentStore): Plugin<YogaContext> {
  const own = new Set<unknown>(specifiedRules);
  return {
    onParse({ context, params: { source }, setParseFn, setParsedDocument }) {
      const request = requestOf(context);
      const stored = documents.prepare(String(source));
      request.document = stored;
      if (stored.document !== null) setParsedDocument(stored.document);
      else {
        const [error] = stored.errors;
        // Thrown like an error of `parse`, so that other plugins see it as a syntax error.
        setParseFn(() => {
          throw error;
        });
      }
    },
    onValidate({ context, setValidationFn }) {
      const { document: stored } = requestOf(context);
      const validateStored: typeof validate = (schema, document, rules) => {
        const isStored = stored !== null && stored.document === document;
        const errors: readonly GraphQLError[] = isStored ? stored.errors : documents.check(document);
        const added = rules?.filter((rule) => !own.has(rule)) ?? [];
        return errors.length > 0 || added.length === 0 ? errors : validate(schema, document, added);
      };
      setValidationFn(validateStored);
    },
  };
}
