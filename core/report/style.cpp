#include "core/report/style.h"

namespace talweg::report {

const char* const style_sheet = R"css(
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --line: #e1e5ea; --plot-ink: #1f2933; --plot-muted: #5f6b7a; --plot-grid: #e8ebef;
  --accent: #0b6bcb; --good: #11734b; --good-back: #e3f5ec; --bad: #b3261e; --bad-back: #fdeceb;
  --wait: #8a5a00; --wait-back: #fff4dc;
  --series-0: #0072b2; --series-1: #d55e00; --series-2: #009e73; --series-3: #c2609a;
  --series-4: #d08c00; --series-5: #3a9fd6; --series-6: #7a5195; --series-7: #6b6b6b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1419; --card: #171d24; --line: #2b343e; --plot-ink: #e4e9ee; --plot-muted: #94a1b0; --plot-grid: #27303a;
    --accent: #6cb2f5; --good: #5ad19b; --good-back: #123326; --bad: #ff8a80; --bad-back: #40191a;
    --wait: #f2c14e; --wait-back: #382b0d;
    --series-0: #4aa8e0; --series-1: #ff8a4c; --series-2: #2ec79a; --series-3: #e894c4;
    --series-4: #f2b632; --series-5: #86cdf5; --series-6: #b794d6; --series-7: #a5adb5;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--plot-ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
.page { max-width: 1120px; margin: 0 auto; padding: 28px 20px 48px; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 36px 0 12px; }
h3 { font-size: .95rem; margin: 24px 0 10px; color: var(--plot-muted); font-weight: 600; }
p { margin: 6px 0; }
.muted { color: var(--plot-muted); }
.headline { display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; }
.badge { display: inline-block; padding: 1px 10px; border-radius: 99px; font-size: .82rem; font-weight: 600;
  white-space: nowrap; }
.good { color: var(--good); background: var(--good-back); }
.bad { color: var(--bad); background: var(--bad-back); }
.wait { color: var(--wait); background: var(--wait-back); }
.notice { border-left: 4px solid currentColor; border-radius: 6px; padding: 8px 14px; margin: 12px 0;
  overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 20px 0 0; }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: 10px 16px 12px; }
.tile b { display: block; font-size: 1.35rem; font-weight: 650; font-variant-numeric: tabular-nums;
  white-space: nowrap; line-height: 1.25; }
.tile span { color: var(--plot-muted); font-size: .82rem; overflow-wrap: anywhere; }
.card { padding: 14px 16px; min-width: 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr)); gap: 16px; }
.charts figure { margin: 0; }
.charts h4 { margin: 0; font-size: .98rem; font-weight: 600; overflow-wrap: anywhere; }
.charts svg { display: block; width: 100%; height: auto; }
figcaption { color: var(--plot-muted); font-size: .88rem; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: .85rem; color: var(--plot-muted); margin: 2px 0 4px; }
.legend span { overflow-wrap: anywhere; }
.swatch { display: inline-block; width: 18px; height: 0; border-top: 3px solid; vertical-align: middle;
  margin-right: 6px; }
.swatch.dashed { border-top-style: dashed; }
.swatch.points { width: 8px; height: 8px; border: 0; border-radius: 50%; background: currentColor; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--plot-muted); font-weight: 600; white-space: nowrap; }
tbody tr:last-child td { border-bottom: 0; }
td { max-width: 34em; }
.sample { white-space: pre-wrap; }
td:first-child { min-width: 9.5em; }
td:nth-child(2) { min-width: 7em; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code, pre { font: .86rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { margin: 10px 0 0; overflow-x: auto; }
details { margin: 0 0 12px; }
summary { cursor: pointer; font-weight: 600; }
footer { margin-top: 40px; color: var(--plot-muted); font-size: .82rem; }
.choice { position: absolute; opacity: 0; pointer-events: none; }
.toolbar { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 10px 18px; padding: 10px 0;
  margin-top: 32px; background: var(--page); align-items: center; }
.toolbar h2 { margin: 0 auto 0 0; }
.switch { display: inline-flex; border: 1px solid var(--line); border-radius: 8px; overflow: hidden;
  background: var(--card); font-size: .85rem; }
.switch label { padding: 4px 12px; cursor: pointer; color: var(--plot-muted); }
.view { display: none; }
#over-step:checked ~ #linear:checked ~ .page .step.linear,
#over-step:checked ~ #logarithmic:checked ~ .page .step.logarithmic,
#over-time:checked ~ #linear:checked ~ .page .time.linear,
#over-time:checked ~ #logarithmic:checked ~ .page .time.logarithmic { display: block; }
#over-step:checked ~ .page [for=over-step], #over-time:checked ~ .page [for=over-time],
#linear:checked ~ .page [for=linear], #logarithmic:checked ~ .page [for=logarithmic] {
  background: var(--accent); color: var(--card); font-weight: 600; }
#over-step:focus-visible ~ .page [for=over-step], #over-time:focus-visible ~ .page [for=over-time],
#linear:focus-visible ~ .page [for=linear], #logarithmic:focus-visible ~ .page [for=logarithmic] {
  outline: 2px solid var(--accent); outline-offset: -2px; }
@media (max-width: 600px) {
  .page { padding: 18px 12px 32px; }
  .tiles { grid-template-columns: repeat(2, 1fr); gap: 8px; }
  .card { padding: 12px; }
  h1 { font-size: 1.35rem; }
}
@media print { .toolbar { position: static; } .card { break-inside: avoid; } }
)css";

}  // namespace talweg::report
