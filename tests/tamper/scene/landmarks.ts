/** Whose ledger is attacked, and somebody else whose rows lie in the same partitions. */
export const OURS = '0190aaaa-0000-7000-8000-00000000000a';
export const NEIGHBOUR = '0190aaaa-0000-7000-8000-00000000000b';
/** Further organisations, so that the deployment log has more leaves than a tile. */
export const OTHERS = Array.from({ length: 130 }, (_, at) => `0190cccc-0000-7000-8000-${String(at).padStart(12, '0')}`);

export const HOST = 'ledger.example.com';
export const ORIGIN = `${HOST}/mg/org/${OURS}`;

/** Numbers of our entries and checkpoints that attacks go for. The scene is built so that they are these, and fails where they are not. */
export const AT = {
  /** Bodies of the first day that a legal hold keeps. */
  held: { first: 280, count: 4 },
  /** What there is when the older copy is taken. */
  early: { entries: 310, checkpoints: 4 },
  /** What the signer says after eight days of silence. */
  resumed: 310,
  /** The second and last full tile ends here. */
  tiled: 512,
  /** One record of each kind; `blocked` and `asked` are the events of the violations behind them. */
  event: 600,
  blocked: 601,
  violation: 602,
  asked: 603,
  step: 605,
  audit: 606,
  purge: 640,
  /** The newest checkpoint covers the entries below. */
  signed: 660,
  checkpoints: 10,
  entries: 668,
  /** Of the pruned ledger: where it begins, and its second purge entry. */
  pruned: { minIndex: 256, purge: 669, entries: 700, checkpoints: 12 },
} as const;

/** The neighbour's entries and checkpoints. */
export const THEIRS = { entries: 16, checkpoints: 5 } as const;

/** Sizes of our checkpoints, by number from 1. */
export const SIZES = [8, 256, 300, 310, 311, 512, 620, 640, 641, 660] as const;
