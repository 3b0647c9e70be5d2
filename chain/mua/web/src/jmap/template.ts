/** Fills a URI template of level 1 (RFC 6570 §1.2), as the session resource contains them (RFC 8620 §2). */
export function expand(template: string, values: Record<string, string>): string {
  return template.replace(/\{([^}]*)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}
