// What the agent writes as Markdown, as a phone shows it. What only looks like Markdown stays: `2*3*4`,
// `snake_case`, URLs. Nothing is put in that is not GSM-7, which would make a text cost twice as much.

/** Code, links and escapes: what is in them is no Markdown. They wait in a list for the rest to be done. */
const KEPT =
  /(?<!`)(`{1,9})(?!`)([^\n]{0,999}?[^`])\1(?!`)|!?\[([^\]\n]{0,500})\]\(\s{0,9}<?([^\s()<>]{1,2000}(?:\([^\s()]{0,500}\)[^\s()<>]{0,500})?)>?(?:\s+"[^"\n]{0,500}")?\s{0,9}\)|<(https?:\/\/[^\s>]{1,2000}|mailto:[^\s>]{1,500})>|(https?:\/\/[^\s<>]+)|\\([\\`*_{}[\]()#+\-.!~>|])/g;

const FENCE = /^ {0,3}(`{3,}|~{3,})[^\n`]*\n([\s\S]*?)(?:\n {0,3}\1[`~]*[ \t]*$|$(?![\s\S]))/gm;

/** Emphasised words: no letter or digit beside the marks, no space inside them. */
const EMPHASIS = [
  /(?<![\p{L}\p{N}*])(\*{1,3})(?=[^\s*])([^\n]{0,999}?[^\s*])\1(?![\p{L}\p{N}*])/gu,
  /(?<![\p{L}\p{N}_])(_{1,3})(?=[^\s_])([^\n]{0,999}?[^\s_])\1(?![\p{L}\p{N}_]|\.\p{L})/gu,
  /(~~)(?=\S)([^\n]{0,999}?\S)~~/g,
];

export function plainText(markdown: string): string {
  const kept: string[] = [];
  const keep = (text: string): string => `\u0000${kept.push(text) - 1}\u0000`;
  let text = markdown.replaceAll("\u0000", "").replace(/\r\n?/g, "\n");
  text = text.replace(FENCE, (_, _fence, code: string) => keep(code));
  text = text.replace(KEPT, (all, _, code?: string, label = "", target?: string, auto?: string, url = "", escaped?: string) => {
    if (code !== undefined) return keep(code.trim());
    if (target !== undefined) return link(label, keep(target.replace(/^mailto:/, "")), target.replace(/^mailto:/, ""));
    // The marks that end a sentence or an emphasis are no part of a URL.
    const bare = url.replace(/[.,;:!?'"*_~]+$/, "");
    return keep(auto ?? escaped ?? (bare || all)) + url.slice(bare.length);
  });
  text = text.split("\n").flatMap(line).join("\n");
  for (const emphasis of EMPHASIS) text = text.replace(emphasis, "$2").replace(emphasis, "$2");
  // What was kept may itself hold what was kept before it.
  for (let rounds = 0; rounds < 3; rounds++) text = text.replace(/\u0000(\d+)\u0000/g, (_, index) => kept[Number(index)] ?? "");
  return text.replace(/[ \t]+$/gm, "").replace(/\n{3,}/g, "\n\n").trim();
}

function link(marked: string, shown: string, target: string): string {
  const label = marked.replaceAll("`", "").trim();
  return label === "" || label === target ? shown : `${label} (${shown})`;
}

/** A line without the marks that begin it; rules and the lines below the heads of tables go. */
function line(text: string): string[] {
  if (/^ {0,3}([-*_])( *\1){2,} *$/.test(text) || /^ *\|?( *:?-+:? *\|)+( *:?-+:? *)?$/.test(text)) return [];
  const quoted = text.replace(/^ {0,3}(> ?)+/, "");
  const cells = /^ *\|(.+)\| *$/.exec(quoted)?.[1];
  if (cells !== undefined) return [cells.split("|").map((cell) => cell.trim()).join(", ")];
  const heading = /^ {0,3}#{1,6} +(.*?)(?: +#+)? *$/.exec(quoted)?.[1];
  return [heading ?? quoted.replace(/^(\s*)[*+-] +(?:\[[ xX]\] +)?(?=\S)/, "$1- ")];
}
