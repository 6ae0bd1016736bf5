"""One answer of an accountant beside dp-accounting and Opacus."""

from write_performance import duration


def measure(bench):
    ours, peers = bench.ours("privacy_accounting"), bench.peer("privacy_accounting")
    text = "Seconds for one answer (medians), Poisson batches, δ = 1e-5. Goals for 10 000 steps: PLD below 100 ms, RDP below 1 ms.\n\n"
    text += "| noise, rate, steps, δ | accountant | time | ε |\n|---|---|---|---|\n"
    for setting, row in ours.items():
        seconds, lower, upper = row["pld"]
        text += f"| {setting} | `pld`, both directions and both bounds | {duration(seconds)} | {lower:.4f} to {upper:.4f} |\n"
        text += f"| {setting} | `sgm_rdp` | {duration(row['rdp'][0])} | {row['rdp'][1]:.4f} |\n"
        for name, (peer_seconds, epsilon) in peers.get(setting, {}).items():
            text += f"| {setting} | {name} | {duration(peer_seconds)} | {epsilon:.4f} |\n"
    return "Privacy accounting", text
