"""Readers of text files."""


def measure(bench):
    ours = {entry["name"]: entry["bytes_per_second"] / 1e6
            for entry in bench.ours("data_readers", "--benchmark_format=json")["benchmarks"]}
    numpy = bench.peer("csv_reader", stdin=bench.digits)["numpy_loadtxt"]
    return "Text readers", f"""| reader | MB/s |
|---|---|
| CSV | {ours["csv"]:.0f} |
| LIBSVM | {ours["libsvm"]:.0f} |
| numpy.loadtxt on CSV | {numpy:.0f} |
"""
