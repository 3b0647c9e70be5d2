import { createContext } from 'svelte';
import type { Writing } from '../compose/writing.svelte';
import type { Post } from '../store/post.svelte';
import type { Desk } from './desk.svelte';

/** The objects that every view may reach: the state, the actions on it, and the letters being written. */
export interface Room {
  post: Post;
  desk: Desk;
  writing: Writing;
}

export const [room, setRoom] = createContext<Room>();
