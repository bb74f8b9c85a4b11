export interface Signature {
  /** `<language>.<name>`, stable: it shows in evidence. */
  id: string;
  /** Runs on views of `normalise`: lower case, marks stripped, white space squeezed. Every quantifier is bounded. */
  pattern: RegExp;
}

/** Ids of the override signatures a view matches. */
export function matchSignatures(view: string): string[] {
  if (view.length < 6) return [];
  const ids: string[] = [];
  for (const { id, pattern } of SIGNATURES) if (pattern.test(view)) ids.push(id);
  return ids;
}

/** Between two words: space, punctuation, or nothing, so that joined letters and quoted words match as well. */
const GAP = '[\\W_]{0,4}';
const words = (...parts: string[]): RegExp => new RegExp(parts.join(GAP));
const any = (...alternatives: string[]): string => `(?:${alternatives.join('|')})`;
const optional = (...alternatives: string[]): string => `(?:(?:${alternatives.join('|')})${GAP})?`;

/** "Do not ignore the previous instructions" asks for the opposite. */
const NOT_DENIED = "(?<!n[o']?t[\\W_]{1,4})(?<!never[\\W_]{1,4})(?<!cannot[\\W_]{1,4})";
/** "An 'ignore previous instructions' attack" talks about one. */
const NOT_NAMED = '(?!s?[\\W_]{0,4}(?:attack|injection|pattern|jailbreak|payload|exploit))';

const DROP =
  NOT_DENIED +
  any(
    'ignor(?:e|ing)',
    'disregard(?:ing)?',
    'forget(?:ting)?',
    'overrid(?:e|ing)',
    'bypass(?:ing)?',
    'overlook',
    'discard',
    'neglect',
    'dismiss',
    'abandon',
    'set aside',
    'throw out',
    'erase',
    'pay no attention to',
    '(?:do not|don[\\W_]?t|stop) (?:follow|obey)(?:ing)?',
    '(?:do not|don[\\W_]?t) listen to',
  );
const EVERY = optional('all', 'any', 'every', 'each', 'everything in') + optional('of') + optional('the', 'your', 'my', 'these', 'those', 'its');
const PRIOR = any(
  'previous(?:ly)?',
  'prior',
  'above',
  'preceding',
  'earlier',
  'foregoing',
  'former',
  'original',
  'initial',
  'existing',
  'past',
  'pre[\\W_]?existing',
  'old(?:er)?',
  'last',
);
const GIVEN = optional('given', 'stated', 'system', 'safety', 'developer', 'user', 'set of', 'hidden', 'operating', 'task');
const ORDERS = any(
  'instructions?',
  'prompts?',
  'rules?(?: sets?)?',
  'guidelines',
  'directives?',
  'constraints',
  'programming',
  'system messages?',
  'guard[\\W_]?rails',
  'commands',
  'restrictions',
);
const SYSTEM_ORDERS = any(
  'system prompts?',
  'system instructions?',
  'system messages?',
  'system rules',
  'safety (?:guidelines|rules|instructions|policies|filters|protocols)',
  'content (?:policy|policies|filters)',
  'ethical guidelines',
  'developer (?:message|instructions)',
  'guard[\\W_]?rails',
  'programming',
);

const ENGLISH: Record<string, RegExp> = {
  'drop-prior': words(DROP, `${EVERY}${PRIOR}`, `${GIVEN}${ORDERS}${NOT_NAMED}`),
  'drop-prior-pair': words(DROP, `${EVERY}${PRIOR}`, any('and', 'or', '&'), PRIOR, `${GIVEN}${ORDERS}`),
  // "Disregard the previous directions" may be about a road; without the article it is not.
  'drop-directions': words(DROP, optional('all of your', 'all of the', 'all the', 'all', 'any', 'your') + PRIOR, `directions${NOT_NAMED}`),
  'drop-all': words(DROP, any('all', 'every', 'any'), optional('of') + optional('the', 'your', 'these', 'those', 'other') + GIVEN + ORDERS + NOT_NAMED),
  'drop-your': words(DROP, 'your', optional('current', 'own', 'core', 'built[\\W_]?in') + GIVEN + ORDERS + NOT_NAMED),
  'drop-system': words(DROP, EVERY + optional('current') + SYSTEM_ORDERS + NOT_NAMED),
  'drop-given': words(
    DROP,
    EVERY + ORDERS,
    optional('that', 'which') +
      any('you (?:were|have been|had been|got|received)', 'i gave you', 'came before', '(?:was|were) given', 'above(?! the)', 'before this'),
  ),
  'drop-everything': words(
    DROP,
    any('everything', 'all', 'anything', 'what(?:ever)?'),
    optional('that') +
      any(
        'you (?:were|have been|had been|ve been) (?:told|taught|instructed)',
        'you know about (?:your|the) (?:rules|instructions)',
        'i (?:said|told you) (?:before|above|earlier) and',
        'above this (?:line|point|message)',
        'before this (?:line|point|message)',
        'written above',
      ),
  ),
  'drop-above': words(
    DROP,
    EVERY + 'above',
    any('and', 'then', 'instead'),
    any('print', 'say', 'output', 'reply', 'respond', 'tell', 'write', 'do', 'reveal', 'show', 'send', 'follow', 'execute', 'instead'),
  ),
  'new-instructions': words(
    '(?:^|[\\n.!?:;>\\])"\'-] ?|here are |these are |following )(?:your )?(?:new|updated|real|actual|revised) (?:system )?',
    any('instructions?', 'prompt', 'directives?'),
    any('(?:are|is)? ?(?:as follows|the following|below)', 'for you', ': ?(?:you|ignore|disregard|forget|reveal|send|do not|from now|act|respond|always)'),
  ),
  'new-system-prompt': words(
    any('(?:your|this is (?:the|your)|here is (?:the|your)|i am your|load(?:ing)?(?: the| a)?)'),
    any('new', 'updated', 'real', 'replacement'),
    'system prompt',
  ),
  'new-rules-replace': words(
    any('these', 'the following', 'my', 'this'),
    any('instructions?', 'rules', 'prompt', 'message', 'directives?'),
    any('override', 'overrides', 'supersede', 'supersedes', 'replace', 'replaces', 'take precedence over', 'takes precedence over'),
    EVERY + optional(PRIOR.slice(3, -1)) + GIVEN + ORDERS,
  ),
  'instructions-void': words(
    any('previous', 'prior', 'above', 'earlier', 'original', 'your', 'all'),
    GIVEN + ORDERS,
    any('are', 'is', 'were', 'have been'),
    optional('now', 'hereby') +
      any('void', 'cancell?ed', 'revoked', 'overridden', 'no longer (?:valid|apply|in effect|binding)', 'null and void', 'suspended', 'lifted', 'superseded'),
  ),
  'no-longer-bound': words(
    'you',
    any('are', 're', 'will'),
    optional('be') + any('no longer', 'not', 'now free from(?: being)?'),
    any('bound (?:by|to)', 'constrained by', 'restricted by', 'limited by', 'required to follow', 'subject to'),
    EVERY + optional('previous', 'prior', 'openai', 'usual', 'normal', 'original') + GIVEN + any(ORDERS, 'polic(?:y|ies)', 'ethics', 'filters', 'limitations'),
  ),
  'freed-from-rules': words(
    'you',
    any('are', 're'),
    'now',
    any('free(?:d)?', 'released', 'liberated', 'unchained'),
    'from',
    EVERY + optional('previous', 'prior', 'usual') + any(ORDERS, 'restrictions', 'limitations', 'filters'),
  ),
  'developer-mode': words(
    any('you are now in', 'enter(?:ing)?', 'enable', 'activate', 'switch (?:in)?to', 'engage'),
    optional('the', 'your') + any('developer', 'debug', 'god', 'dan', 'jailbreak', 'unrestricted', 'unfiltered', 'maintenance', 'sudo', 'admin override'),
    'mode',
    any(
      'and (?:ignore|disregard|reveal|print|output|answer|respond|bypass|comply|obey)',
      'where (?:you|all)',
      'without',
      'in which you',
      'with no',
      'now',
      '[.!]? ?you (?:will|can|must|are|have)',
      'enabled',
    ),
  ),
  'mode-enabled':
    /\b(?:developer|jailbreak|dan|god|unrestricted|unfiltered) mode[\W_]{0,3}(?:v2 )?(?:enabled|activated|engaged)[\W_]{0,4}(?:you|all|ignore|respond|output|no |safety|filters)/,
  'do-anything-now': words(
    'you',
    any('are', 're', 'will act as', 'can'),
    optional('now', 'going to be', 'to act as') + any('dan', 'do anything now'),
    any('do anything now', 'which stands', 'and have no', 'and you have no', 'who can', 'free from'),
  ),
  'pretend-unrestricted': words(
    any('act', 'pretend', 'behave', 'respond', 'answer', 'roleplay'),
    any('as', 'like', 'to be', 'as if you (?:were|are)', 'that you are'),
    optional('an?', 'the') + any('unrestricted', 'unfiltered', 'uncensored', 'jailbroken', 'amoral'),
    any('ai', 'assistant', 'model', 'chat ?bot', 'language model', 'llm', 'version of yourself'),
  ),
  'without-rules': words(
    any('act', 'respond', 'answer', 'behave', 'operate', 'you (?:can|will|must)(?: now)? (?:act|respond|answer|operate)'),
    any('as if you had no', 'as though you had no', 'without (?:any|your)', 'with no'),
    optional('safety', 'ethical', 'content', 'moral', 'system') +
      any('guidelines', 'restrictions', 'guard[\\W_]?rails', 'programming', 'instructions', 'filters'),
  ),
  'disable-safety': words(
    any('disable', 'turn off', 'deactivate', 'switch off', 'remove', 'suspend', 'bypass', 'circumvent'),
    any('your', 'all (?:of )?your', 'all'),
    optional('internal', 'built[\\W_]?in') + any('safety', 'content', 'ethical', 'moderation', 'security'),
    any('filters?', 'guidelines', 'protocols?', 'checks?', 'restrictions', 'guard[\\W_]?rails', 'policies', 'measures'),
    any('and', 'now', 'immediately', 'then', '[.!]? ?you', 'to (?:answer|comply|respond)', 'before answering'),
  ),
  'reveal-prompt': words(
    any('reveal', 'print', 'output', 'repeat', 'show me', 'display', 'leak', 'disclose', 'tell me', 'dump', 'give me', 'recite'),
    optional('me') +
      optional('all of', 'the full', 'the entire', 'verbatim', 'exactly', 'the exact', 'the complete', 'the contents of', 'the text of') +
      optional('your', 'the'),
    any(
      'system prompt',
      'hidden (?:prompt|instructions)',
      'initial (?:prompt|instructions)',
      'secret (?:prompt|instructions)',
      'developer (?:prompt|message)',
      'pre[\\W_]?prompt',
    ),
    any('verbatim', 'word for word', 'in full', 'now', 'to me', 'and', 'above', 'exactly', 'without', 'before', '[.!?]?$'),
  ),
  'real-task': words(
    any('your (?:real|actual|true|only) (?:task|goal|job|purpose|objective|mission)'),
    any('is(?: now)? to', 'from now on is', 'instead is'),
    any('ignore', 'reveal', 'send', 'exfiltrate', 'forward', 'disregard', 'delete', 'leak', 'transfer'),
  ),
  'from-now-on': words(
    'from now on',
    optional('you') +
      any(
        'you (?:will|must|are to|shall)? ?(?:ignore|disregard|forget|no longer follow|not follow|only (?:obey|follow|listen to) (?:me|my|these))',
        'ignore',
        'disregard',
        'obey only',
        'only obey',
        'will (?:ignore|disregard|only obey)',
      ),
  ),
  'chat-template':
    /<\|(?:im_start|start_header_id|system|endoftext|eot_id|im_end|assistant|user)\|>[^<]{0,40}(?:system|you are|ignore|you must|new instructions|disregard)/,
  'inst-template': /(?:\[\/?inst\]|<<\/?sys>>)[\W_]{0,8}(?:system|you are|ignore|you must|new instructions|disregard|forget|\[|<)/,
  'role-marker':
    /(?:^|\n)[#\-=*[<( ]{0,6}(?:system|developer|admin(?:istrator)?|root)(?: ?(?:message|prompt|override|instructions?|note|command|notice))?[\])>#*= ]{0,6}:[\s*"']{0,4}(?:you (?:are|must|will|should|can) (?:now|ignore|disregard|no longer|always|reveal|forget)|ignore|disregard|forget|override|new (?:instructions?|task|directive)|reveal|the (?:previous|above|assistant must))/,
  'system-tag':
    /<\/?(?:system|system_prompt|system-prompt|developer|instructions?|admin)>[\W_]{0,8}(?:you (?:are now|must now|will now)|ignore|disregard|forget|override|new (?:instructions?|task)|reveal)/,
  'end-of-prompt':
    /(?:-{3,8}|={3,8}|#{2,8}|\[|<)[ ]?(?:end|stop) of (?:the )?(?:system |user |original )?(?:prompt|instructions?|input|context|document)[^\n]{0,12}\n?[^\n]{0,20}(?:new|now|begin|start|system|ignore|instructions?|you (?:must|are|will))/,
  'important-to-agent':
    /\b(?:important|urgent|attention|note)\b[\W_]{0,6}(?:message |instructions? |note )?(?:to|for) (?:the |any |all )?(?:ai|llm|language model|assistant|agent|chat ?bot)s?(?: (?:models?|assistants?|agents?|reading this|processing this)){0,2}[\W_]{0,6}(?:ignore|disregard|you must|before|do not tell|stop|instead|forget|override|send|forward)/,
  'agent-reading-this':
    /\bif you are an? (?:ai|llm|language model|ai assistant|assistant|agent|ai agent)\b[^.\n]{0,60}(?:ignore|disregard|you must|send|forward|reveal|stop what you|instead)/,
  'hide-from-user':
    /\b(?:do not|don[\W_]?t|never|without) (?:tell|mention(?:ing)?|inform(?:ing)?|reveal(?:ing)?|telling|alert(?:ing)?|notify(?:ing)?)(?: this| it| any of this)?(?: to)? the user\b[^.\n]{0,80}(?:instruction|this message|these steps|that you (?:did|sent|were)|about this (?:message|note|instruction))/,
};

/** Other languages, marks stripped as the views are (`instrucciónes` loses its accent, Cyrillic short i its breve). */
const OTHER_LANGUAGES: Record<string, RegExp> = {
  'es.drop-prior':
    /(?<!no )(?:ignor(?:a|e|ar|en|es)|olvid(?:a|e|ar|es)|descart(?:a|e|ar)|haz caso omiso de|omite|desobedece|no sigas)[\W_]{0,4}(?:tod[ao]s? )?(?:(?:las|los|tus|sus|mis|cualquier) )?(?:(?:instrucci(?:on|ones)|reglas|ordenes|directrices|indicaciones del sistema|directivas)[\W_]{0,4}(?:anteriores?|previas?|dadas|del sistema|originales|iniciales)|(?:anteriores?|previas?) (?:instrucciones|reglas|ordenes))/,
  'fr.drop-prior':
    /(?<!pas )(?:ignor(?:e|ez|er|ons)|oubli(?:e|ez|er)|ne ti?en(?:s|ez) (?:pas|plus) compte (?:de |des )?|ne sui(?:s|vez) plus|neglige[zr]?|fai(?:s|tes) abstraction de)[\W_]{0,4}(?:tout(?:es)? )?(?:(?:les|tes|vos|ces|des|mes) )?(?:(?:instructions?|consignes|regles|directives)[\W_]{0,4}(?:precedentes?|anterieures?|ci-dessus|donnees|du systeme|systeme|initiales?|d'origine)|precedentes? (?:instructions|consignes))/,
  'de.drop-prior':
    /(?:ignorier(?:e|en|t)?|vergiss|vergesst|vergessen sie|missachte[nt]?|verwirf|ubergehe|befolge nicht(?: mehr)?|setze dich uber)[\W_]{0,4}(?:sie )?(?:alle[rns]? )?(?:(?:die|deine[nr]?|ihre[nr]?|meine|diese|der) )?(?:(?:vorherigen?|bisherigen?|vorigen?|vorangegangenen?|obigen?|fruheren?|ursprunglichen?|vorstehenden?|vorausgehenden?)[\W_]{0,4}(?:anweisung(?:en)?|instruktion(?:en)?|regeln|befehle|vorgaben|richtlinien|prompts?)|systemanweisung(?:en)?|system-?prompts?)(?! nicht)/,
  'it.drop-prior':
    /(?<!non )(?:ignor(?:a|ate|are|i)|dimentica(?:te|re)?|trascura(?:te|re)?|non (?:seguire|considerare)(?: piu)?|scarta)[\W_]{0,4}(?:tutt[ei] )?(?:(?:le|i|tue|gli|queste) ){0,2}(?:(?:istruzion[ei]|regole|direttive|indicazioni|comandi)[\W_]{0,4}(?:precedent[ei]|anterior[ei]|di sistema|del sistema|iniziali|originali|ricevute)|precedenti (?:istruzioni|regole|direttive))/,
  'pt.drop-prior':
    /(?<!nao )(?:ignor(?:e|a|ar|em)|esque(?:ca|cer|ce)|desconsider(?:e|a|ar)|desobedeca|nao siga(?: mais)?|descarte)[\W_]{0,4}(?:(?:de )?tod[ao]s )?(?:(?:as|os|suas|tuas|minhas|quaisquer|das|dos) ){0,2}(?:(?:instruc(?:ao|oes)|regras|ordens|diretrizes|orientacoes)[\W_]{0,4}(?:anterior(?:es)?|previas?|acima|do sistema|originais|iniciais|dadas)|(?:anteriores|previas) (?:instrucoes|regras))/,
  'nl.drop-prior':
    /(?:negeer|vergeet|verwerp|sla over|volg niet(?: meer| langer)?)[\W_]{0,4}(?:al(?:le)? )?(?:(?:de|je|jouw|uw|mijn|deze) )?(?:(?:vorige|eerdere|voorgaande|bovenstaande|voorafgaande|oorspronkelijke|bestaande)[\W_]{0,4}(?:instructies?|opdrachten|regels|aanwijzingen|richtlijnen|prompts?)|systeeminstructies|systeemprompt)(?! niet)/,
  'ru.drop-prior':
    /(?<!не )(?:(?:про)?игнориру(?:и|ите|ем)|игнорировать|забудь(?:те)?|отбрось(?:те)?|не следуи(?:те)?|отмени(?:те)?|не обращаи(?:те)? внимания на)[^\p{L}]{0,4}(?:(?:все|всех|всем|эти|свои|твои|ваши|про все|о всех) ){0,2}(?:(?:предыдущи[еxхм]|прежние|прошлые|вышеуказанные|ранее данные|предшествующие|изначальные|системные)[^\p{L}]{0,4}(?:инструкц|указани|правил|команд|директив|промпт)|(?:инструкции|указания|правила) (?:выше|системы|ранее))/u,
  'zh.drop-prior':
    /(?<!不要|别|不能|请勿)(?:忽略|无视|無視|忘记|忘掉|忘記|不要(?:再)?(?:遵循|遵守|理会)|抛弃|跳过|忽視|忽视)(?:掉)?[\s,，:：]{0,2}(?:你|您|我|系统|之前|以上|上述|先前|前面|上面|此前|所有|全部|一切|任何|的|给你|收到|说过|設定|设定|給出|给出|这些|那些){1,8}(?:指令|指示|提示词|提示|规则|規則|命令|说明|要求|约束|限制)/,
  'ja.drop-prior':
    /(?:これまで|以前|上記|前|先ほど|今まで|すべて|全て|あらゆる|システム|元|あなた)(?:の|に与えられた|までの|すべて|全て|全部|までに与えられた|した|受けた){0,4}(?:指示|命令|ルール|プロンプト|指令|規則|制約)(?:を|は)?(?:すべて|全て|全部|完全に)?(?:無視し(?:て(?!は)|ろ|なさい)|無視せよ|忘れ(?:て(?!は)|ろ|なさい)|破棄し(?:て(?!は)|ろ)|従わないで)/,
  'tr.drop-prior':
    /(?:(?:onceki|yukar[ıi]daki|daha onceki|eski|verilen|sistem|ilk) )(?:tum |butun |verilen )?(?:talimat|komut|kural|yonerge|istem)(?:lar[ıi]n?|ler[ıi]n?|[ıi]|n[ıi])?(?:n[ıi])?(?: (?:tumunu|hepsini|tamamen|dikkate))?[\W_]{0,3}(?:yok say(?!ma)|gormezden gel(?!me)|unut(?!ma)|goz ard[ıi] et(?!me)|alma|dikkate alma|ihlal et(?!me))/,
  'ar.drop-prior':
    /(?<!لا )(?:تجاهل|انس|اهمل|تخط|لا تتبع)ي?[^\p{L}]{0,3}(?:(?:جميع|كل|كافة|اي) )?(?:هذه )?(?:ال)?(?:تعليمات|اوامر|قواعد|توجيهات|ارشادات)(?:ك)?[^\p{L}]{0,3}(?:ال)?(?:سابقة|سابقه|اصلية|نظام|معطاة|واردة اعلاه|اعلاه|قبلية)/u,
};

export const SIGNATURES: readonly Signature[] = [
  ...Object.entries(ENGLISH).map(([name, pattern]) => ({ id: `en.${name}`, pattern })),
  ...Object.entries(OTHER_LANGUAGES).map(([id, pattern]) => ({ id, pattern })),
];
