/**
 * Imported before anything else: graphql-js reads NODE_ENV when it is loaded. Unless that says production, it looks at
 * every value that is not of a class for a class of the same name from another copy of graphql-js.
 */
process.env['NODE_ENV'] ??= 'production';
