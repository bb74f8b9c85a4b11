const MAX_CHARS = 64;
const MAX_KNOWN = 2_000;

/** A function of a short text that remembers what it has answered: names of tools and of arguments are few and come with every event. Answers are not to be changed. */
export function remembering<Result extends {}>(of: (text: string) => Result): (text: string) => Result {
  const known = new Map<string, Result>();
  return (text) => {
    if (text.length > MAX_CHARS) return of(text);
    let result = known.get(text);
    if (result === undefined) {
      // Whoever makes up a name each time fills it with nothing worth keeping.
      if (known.size >= MAX_KNOWN) known.clear();
      result = of(text);
      known.set(text, result);
    }
    return result;
  };
}
