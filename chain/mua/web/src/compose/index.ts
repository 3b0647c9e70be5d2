/** Everything writing needs; loaded when the first letter is begun. */
export { Bench } from './bench.svelte';
export { default as Composers } from './Composers.svelte';
