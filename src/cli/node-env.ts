/**
 * Imported before anything else, because graphql-js reads NODE_ENV when it is loaded. Unless that is production, it checks
 * every value that is not an instance of a class for a class with the same name from another copy of graphql-js.
 */
process.env['NODE_ENV'] ??= 'production';
