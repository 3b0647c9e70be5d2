/** The language of the search field. */
export { type Complaint, mended } from './complaints';
export { type Search, searchOf } from './filter';
export { fold } from './fold';
export { roleName, roleNamed } from './folders';
export { type Fields, fieldsOf, noFields, spansOffered, textOf } from './form';
export type { World } from './meaning';
export type { Code } from './operators';
export { parse } from './parse';
export { suggest, type Suggestion, type Typing } from './suggest';
