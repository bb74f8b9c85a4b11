/** Ids of the dangerous constructs in a command or a piece of code. Reads at most 60,000 characters; every quantifier is bounded. */
export function matchExecPatterns(command: string): string[] {
  if (command.length < MIN_CHARS) return [];
  const text = command.slice(0, 60_000).toLowerCase();
  const unquoted = withoutShellDisguise(text);
  return EXEC_PATTERNS.filter(({ pattern }) => pattern.test(text) || (unquoted !== text && pattern.test(unquoted))).map(({ id }) => id);
}

/** The shortest construct is `%0|%0`. An event holds thousands of texts this short, and they would cost the most. */
const MIN_CHARS = 5;

/** `r''m`, `c\url` and `${IFS}` run as `rm`, `curl` and a space. */
const withoutShellDisguise = (text: string): string =>
  text.replace(/\$\{?ifs\}?(?:\$\d)?/g, ' ').replace(/''|""|`(?=[a-z])|\^(?=[a-z])|\\(?=[a-z])|(?<=[a-z])["'](?=[a-z])/g, '');

const SHELLS = '(?:sudo |env )?(?:/(?:usr/)?bin/)?(?:ba|z|da|k|fi|c)?sh|(?:sudo )?(?:/usr/bin/)?(?:python[0-9.]{0,4}|perl|ruby|node|php)';
const DOWNLOAD = '(?:curl|wget|fetch|iwr|invoke-webrequest|invoke-restmethod)';

export const EXEC_PATTERNS: readonly { id: string; pattern: RegExp }[] = [
  {
    id: 'pipe-to-shell',
    pattern: new RegExp(`\\b${DOWNLOAD}\\b[^\\n;]{0,512}\\|\\s{0,4}(?:tee [^|]{0,80}\\|\\s{0,4})?(?:${SHELLS}|iex|invoke-expression)\\b`),
  },
  {
    id: 'shell-of-download',
    pattern: new RegExp(`(?:\\b(?:ba|z|da|k)?sh\\b|\\beval\\b|\\bsource\\b|\\biex\\b|(?:^|\\s)\\.)\\s{0,4}(?:-c\\s{0,4})?["'(<$\`]{1,4}\\s{0,4}${DOWNLOAD}\\b`),
  },
  { id: 'dev-tcp', pattern: /\/dev\/(?:tcp|udp)\/[^\s/]{1,253}\/\d{1,5}/ },
  {
    id: 'netcat-shell',
    pattern: /\b(?:nc|ncat|netcat)(?:\.traditional)?\b[^\n|;]{0,120}\s-(?:[a-z]{0,4}[ec]|-exec|-sh-exec)\s{1,4}\S{0,40}(?:sh|cmd|powershell|bash)\b/,
  },
  { id: 'fifo-shell', pattern: /\bmkfifo\b[^\n]{0,200}\b(?:nc|ncat|netcat|telnet|openssl)\b/ },
  { id: 'socket-shell', pattern: /\bsocket\b[^]{0,600}(?:\bdup2\b|pty\.spawn|subprocess\.(?:call|popen|run)\(\s{0,4}\[?["'](?:\/bin\/)?(?:ba)?sh)/ },
  { id: 'socat-shell', pattern: /\bsocat\b[^\n]{0,200}\bexec:/ },
  { id: 'script-reverse-shell', pattern: /\b(?:perl|ruby|php)\b[^\n]{0,120}(?:fsockopen|tcpsocket|socket)[^\n]{0,300}(?:exec|\/bin\/(?:ba)?sh)/ },
  { id: 'powershell-encoded', pattern: /\b(?:powershell|pwsh)(?:\.exe)?\b[^\n]{0,200}\s[-/]e(?:nc?|ncodedcommand|c)?\s{1,4}[a-z0-9+/=]{16}/ },
  {
    id: 'powershell-download',
    pattern:
      /(?:\biex\b|\binvoke-expression\b)[^\n]{0,80}(?:net\.webclient|downloadstring|invoke-webrequest|iwr)|(?:downloadstring|downloaddata|frombase64string)\([^\n]{0,400}(?:\biex\b|invoke-expression|\.invoke\()/,
  },
  { id: 'base64-to-shell', pattern: new RegExp(`\\bbase64\\b[^\\n;]{0,80}(?:-d|--decode|-di)\\b[^\\n;]{0,120}\\|\\s{0,4}(?:${SHELLS})\\b`) },
  { id: 'hex-to-shell', pattern: new RegExp(`\\b(?:xxd\\s{1,4}-r|printf)\\b[^\\n;]{0,512}\\|\\s{0,4}(?:${SHELLS})\\b`) },
  {
    id: 'eval-decoded',
    pattern:
      /\b(?:eval|exec)\s{0,4}\(\s{0,4}(?:compile\(\s{0,4})?(?:atob|base64\.b64decode|bytes\.fromhex|codecs\.decode|zlib\.decompress|marshal\.loads|__import__\(["']base64|buffer\.from|unescape|gzinflate|base64_decode)/,
  },
  {
    id: 'eval-download',
    pattern: /\b(?:eval|exec)\s{0,4}\(\s{0,4}(?:requests\.get|urllib|urlopen|__import__\(["'](?:urllib|requests)|await\s{1,4}\(?\s{0,4}(?:await\s{1,4})?fetch)/,
  },
  { id: 'dynamic-import', pattern: /__import__\(\s{0,4}["'](?:os|subprocess|socket|pty|ctypes)["']/ },
  {
    id: 'remove-root',
    pattern:
      /\brm\s{1,8}(?:-{1,2}[a-z-]{1,24}\s{1,8}){1,6}(?:--\s{1,4})?["']?(?:\/(?:\*|\s|$|["';|&])|~(?:\/?\*?)(?:\s|$|[;|&])|\$home\/?\*?(?:\s|$|["';|&])|\/(?:etc|usr|bin|boot|var|lib|home|root|dev|sys|opt)\/?\*?(?:\s|$|["';|&])|\*(?:\s|$)|[a-z]:[\\/](?:\s|$|\*))|--no-preserve-root/,
  },
  {
    id: 'fork-bomb',
    pattern:
      /(?<name>[\w:.]{1,16})\s{0,4}\(\)\s{0,4}\{\s{0,4}\k<name>\s{0,4}\|\s{0,4}\k<name>\s{0,4}&\s{0,4}\}\s{0,4};|%0\s{0,2}\|\s{0,2}%0|while\s{0,4}(?:true|1|:)[^\n]{0,40}os\.fork\(|os\.fork\(\)\s{0,8}while/,
  },
  {
    id: 'overwrite-disk',
    pattern:
      /\bdd\b[^\n]{0,120}\bof=\/dev\/(?:sd|nvme|hd|vd|xvd|mmcblk|disk)|>\s{0,4}\/dev\/(?:sd[a-z]|nvme\d|hd[a-z]|vd[a-z])|\bmkfs(?:\.\w{2,8})?\s{1,4}[^\n]{0,60}\/dev\//,
  },
  {
    id: 'open-permissions',
    pattern: /\bchmod\s{1,4}(?:-r\s{1,4})?(?:0?777|a\+rwx)\s{1,4}\/(?:\s|$|etc|usr|bin)|\bchmod\s{1,4}[ugo]{0,3}\+s\s{1,4}\S{0,40}(?:bash|sh)\b/,
  },
  {
    id: 'download-and-run',
    pattern: new RegExp(
      `\\b${DOWNLOAD}\\b[^\\n]{0,400}(?:;|&&|\\n)[^\\n]{0,80}(?:\\bchmod\\s{1,4}(?:\\+x|u\\+x|a\\+x|0?7\\d\\d)|(?:\\b(?:ba|z|da)?sh|\\bpython3?|\\bperl)\\s{1,4}(?:\\./|/tmp/|/var/tmp/|/dev/shm/)|(?:;|&&)\\s{0,4}(?:\\./|/tmp/))`,
    ),
  },
  {
    id: 'living-off-the-land',
    pattern:
      /\bcertutil(?:\.exe)?\b[^\n]{0,80}-(?:urlcache|decode)\b|\bbitsadmin\b[^\n]{0,80}\/transfer\b|\bmshta(?:\.exe)?\s{1,4}(?:https?:|javascript:|vbscript:)|\bregsvr32\b[^\n]{0,80}\/i:https?:|\brundll32\b[^\n]{0,80}javascript:/,
  },
  {
    id: 'persistence',
    pattern:
      />{1,2}\s{0,4}(?:\/etc\/(?:crontab|cron\.d\/|passwd|sudoers|ld\.so\.preload)|(?:~|\/root|\/home\/[\w.-]{1,32})\/\.ssh\/authorized_keys)|\|\s{0,4}crontab\s{1,4}-/,
  },
  {
    id: 'exfiltrate-file',
    pattern:
      /\b(?:cat|tar|base64|gzip)\b[^\n;]{0,120}(?:\/etc\/(?:passwd|shadow)|\.ssh|\.aws|\.env|id_rsa)[^\n;]{0,80}\|\s{0,4}(?:curl|wget|nc|ncat)\b|\bcurl\b[^\n;]{0,200}(?:-d|--data(?:-binary)?|-f|--form|-t|--upload-file)\s{0,2}\S{0,40}@?(?:\/etc\/(?:passwd|shadow)|~?\/?[\w/.-]{0,40}\.(?:ssh|aws|env)\b)/,
  },
  {
    id: 'disable-protection',
    pattern:
      /\b(?:setenforce\s{1,4}0|iptables\s{1,4}-f\b|ufw\s{1,4}disable|set-mppreference\b[^\n]{0,60}disable|systemctl\s{1,4}(?:stop|disable)\s{1,4}(?:auditd|firewalld|apparmor)|unset\s{1,4}histfile|history\s{1,4}-c\b)/,
  },
];

/** A second command smuggled into an argument that should hold one value, such as a file name. */
export const SMUGGLED_COMMAND =
  /(?:;|&&|\|\|?|\n)\s{0,4}(?:cat|rm|curl|wget|nc|bash|sh|python3?|perl|id|whoami|ls|chmod|cp|mv|env|echo|touch|kill|sudo|powershell)\b|\$\([^)\n]{1,200}\)|`[^`\n]{1,200}`/;
