import { encodeCursor } from './cursor.ts';

export interface Page<Item> {
  data: Item[];
  nextCursor: string | null;
}

/** Cuts a page from rows read with `limit + 1`: the extra row only tells that there is more. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  {
    limit,
    list,
    filters = {},
    positionOf,
    itemOf,
  }: {
    limit: number;
    /** Name of the list; a cursor of one list is none of another. */
    list: string;
    filters?: Record<string, unknown>;
    positionOf: (row: Row) => string | number;
    itemOf: (row: Row) => Item;
  },
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor(positionOf(last), { ...filters, list }) : null;
  return { data: shown.map(itemOf), nextCursor };
}
