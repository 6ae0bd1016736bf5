"""Seconds and ε of dp-accounting (RDP, PLD) and Opacus (RDP, PRV) in the settings of bench/privacy_accounting.cpp, as JSON.
A peer that is not installed is left out."""

import json
import statistics
import time
import warnings

warnings.filterwarnings("ignore")
SETTINGS = [(1.1, 0.01, 10000, 1e-5), (4.0, 0.01, 10000, 1e-5), (0.7, 0.01, 120, 1e-5)]
ORDERS = [1 + x / 10 for x in range(1, 100)] + list(range(12, 64))


def peers(noise, rate, steps, delta):
    calls = {}
    try:
        import dp_accounting
        from dp_accounting import pld, rdp

        event = dp_accounting.SelfComposedDpEvent(
            dp_accounting.PoissonSampledDpEvent(rate, dp_accounting.GaussianDpEvent(noise)), steps)
        calls["dp-accounting RDP"] = lambda: rdp.RdpAccountant(ORDERS).compose(event).get_epsilon(delta)
        calls["dp-accounting PLD"] = lambda: pld.PLDAccountant(value_discretization_interval=1e-4).compose(event).get_epsilon(delta)
    except ImportError:
        pass
    try:
        from opacus.accountants import create_accountant

        def opacus(mechanism, **options):
            accountant = create_accountant(mechanism)
            accountant.history = [(noise, rate, steps)]
            return float(accountant.get_epsilon(delta=delta, **options))

        calls["Opacus RDP"] = lambda: opacus("rdp")
        calls["Opacus PRV"] = lambda: opacus("prv", eps_error=0.01)
    except ImportError:
        pass
    return calls


answer = {}
for setting in SETTINGS:
    row = answer.setdefault("{:g},{:g},{},{:g}".format(*setting), {})
    for name, call in peers(*setting).items():
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            epsilon = call()
            times.append(time.perf_counter() - begin)
        row[name] = [statistics.median(times), epsilon]
print(json.dumps(answer))
