import { mount } from 'svelte';
import './tokens.css';
import './base.css';
import './print.css';
import App from './App.svelte';
import { language } from './i18n/language.svelte';

/** Draws the pages, in a language that has come. */
export async function begin(): Promise<void> {
  await language.begin(navigator.languages);
  const target = document.getElementById('app');
  if (target) mount(App, { target });
}
