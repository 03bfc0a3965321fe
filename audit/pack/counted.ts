/** A number with what it counts, such as `1 change` and `2 changes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** How many entries, such as `1 entry`. */
export function countedEntries(count: number): string {
  return counted(count, 'entry', 'entries');
}
