// What becomes of Markdown, and of what only looks like it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { plainText } from "./plaintext.ts";

for (const [markdown, plain] of [
  ["**bold**, *it*, _it_, __b__, ***both***, ~~gone~~", "bold, it, it, b, both, gone"],
  ["**bold with *it* inside**", "bold with it inside"],
  ["a **b**. (*c*), \"_d_\"", 'a b. (c), "d"'],
  ["`code_x*y*` and ``a ` b``", "code_x*y* and a ` b"],
  ["```js\nlet a_b = **x**;\n```\nafter", "let a_b = **x**;\nafter"],
  ["~~~\n# no heading\n~~~", "# no heading"],
  ["```\nnever closed **x**", "never closed **x**"],
  ["# Head\ntext\n### Three ###\nmore", "Head\ntext\nThree\nmore"],
  ["see [the site](https://a.b/c_d) now", "see the site (https://a.b/c_d) now"],
  ["[https://a.b](https://a.b) <https://q.r/x_y_z>", "https://a.b https://q.r/x_y_z"],
  ["[mail](mailto:a@b.c) [a@b.c](mailto:a@b.c)", "mail (a@b.c) a@b.c"],
  ["[wiki](https://en.w.org/X_(y)) \"t\"", 'wiki (https://en.w.org/X_(y)) "t"'],
  ["[t](https://a.b \"title\")", "t (https://a.b)"],
  ["![a cat](https://i.m/g.png) ![](https://i.m/h.png)", "a cat (https://i.m/g.png) https://i.m/h.png"],
  ["[**bold** link](https://a.b)", "bold link (https://a.b)"],
  ["- one\n* two\n  + three\n1. a\n2) b", "- one\n- two\n  - three\n1. a\n2) b"],
  ["- [ ] open\n- [x] done", "- open\n- done"],
  ["| a | b |\n|---|:-:|\n| 1 | **2** |", "a, b\n1, 2"],
  ["> quote\n>> deeper\nafter", "quote\ndeeper\nafter"],
  ["above\n\n---\n\nbelow\n***", "above\n\nbelow"],
  ["\\*not it\\* and \\_x\\_ 1\\. c:\\dir", "*not it* and _x_ 1. c:\\dir"],
  ["a\r\nb\n\n\n\nc  ", "a\nb\n\nc"],
  // What only looks like Markdown.
  ["snake_case_name, _private, __init__.py", "snake_case_name, _private, __init__.py"],
  ["2*3*4 = 24, 5 * 3 * 2, a*b", "2*3*4 = 24, 5 * 3 * 2, a*b"],
  ["https://x.y/a_b_c*d*?q=_e_ and http://p.q/_r_.", "https://x.y/a_b_c*d*?q=_e_ and http://p.q/_r_."],
  ["**https://a.b/c_d**", "https://a.b/c_d"],
  ["#1 and #hashtag, C# is # 3", "#1 and #hashtag, C# is # 3"],
  ["-5 degrees, +1 555 000 1234", "-5 degrees, +1 555 000 1234"],
  ["**unclosed and *this", "**unclosed and *this"],
  ["Tom & Jerry <3, x<y>z, f(x)[0]", "Tom & Jerry <3, x<y>z, f(x)[0]"],
  ["Ünï**çö**de 😀 _日本_", "Ünï**çö**de 😀 日本"],
  ["", ""],
] as const) {
  test(JSON.stringify(markdown), () => assert.equal(plainText(markdown), plain));
}

test("nothing that is in a text gets lost in the list of what is kept", () => {
  assert.equal(plainText("\u00000\u0000 `a`"), "0 a");
  assert.equal(plainText("[`code_x`](https://a.b)"), "code_x (https://a.b)");
});

test("long texts take little time", () => {
  const begun = performance.now();
  for (const unit of ["*a", "_a ", "`", "[a](", "**a ", "> ", "~~a ", "\\", "|-", "<https://", "- [ ] "]) {
    plainText(unit.repeat(8_000));
  }
  assert.ok(performance.now() - begun < 5_000, "quadratic");
});
