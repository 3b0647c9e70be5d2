import { format, home, parse, type Place, type Route, samePlace } from './route';

/** The address bar, so that "back" and bookmarks do what a person expects. */
export class Navigation {
  route = $state.raw<Route>(home);
  /** The number of our own steps that "back" can undo before it leaves the pages. */
  #steps = 0;

  start(): () => void {
    const read = () => (this.route = parse(location.hash));
    const back = () => {
      this.#steps = Math.max(0, this.#steps - 1);
      read();
    };
    read();
    window.addEventListener('popstate', back);
    return () => window.removeEventListener('popstate', back);
  }

  go(place: Place): void {
    this.#push({ place });
  }

  open(threadId: string): void {
    const route = { place: this.route.place, threadId };
    // A step from one conversation to the next: "back" should lead to the list, not through all of them.
    if (this.route.threadId) this.replace(route);
    else this.#push(route);
  }

  close(): void {
    if (!this.route.threadId) return;
    if (this.#steps > 0) history.back();
    else this.replace({ place: this.route.place });
  }

  /** A search that is being typed is one step, not one for each letter. */
  search(text: string): void {
    const route: Route = { place: { kind: 'search', text } };
    if (samePlace(route.place, this.route.place)) return;
    if (this.route.place.kind === 'search') this.replace(route);
    else this.#push(route);
  }

  #push(route: Route): void {
    if (samePlace(route.place, this.route.place) && route.threadId === this.route.threadId) return;
    history.pushState(null, '', format(route));
    this.#steps += 1;
    this.route = route;
  }

  /** Goes there without a step to come back from. */
  replace(route: Route): void {
    history.replaceState(null, '', format(route));
    this.route = route;
  }
}
