/** The language of the search field. Its form is in `form.ts`, which nothing here imports: few people open it. */
export { type Complaint, mended } from './complaints';
export { type Search, searchOf } from './filter';
export { fold } from './fold';
export { roleName, roleNamed } from './folders';
export type { World } from './meaning';
export type { Code } from './operators';
export { parse } from './parse';
export { suggest, type Suggestion, type Typing } from './suggest';
