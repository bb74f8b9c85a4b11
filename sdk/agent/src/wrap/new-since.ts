/**
 * The items that the model has not answered yet: those after its last turn. A turn of the model at the very end is the beginning of the answer,
 * which some APIs let the caller write; it hides nothing.
 */
export function newSince<Item>(items: readonly Item[], isOfModel: (item: Item) => boolean): Item[] {
  let end = items.length;
  while (end > 0 && isOfModel(items[end - 1] as Item)) end--;
  let start = end;
  while (start > 0 && !isOfModel(items[start - 1] as Item)) start--;
  return items.slice(start, end);
}
