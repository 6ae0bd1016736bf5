"""How many papers and magazines should a kiosk order? What a morning's order costs, less what is sold, over simulated days.

A program for the oracle `program`: it reads a line of JSON, {"x": {"papers": 11, "magazines": 6}, "seed": 7}, and writes a
number, line by line. All of its randomness comes from the seed, so that an answer can be repeated.
"""

import json
import random
import sys

DAYS = 200
GOODS = {"papers": (1.0, 3.0, 10.0), "magazines": (1.0, 5.0, 4.0)}  # cost, price, mean of the exponential demand

for line in sys.stdin:
    question = json.loads(line)
    chance = random.Random(question["seed"])
    total = 0.0
    for day in range(DAYS):
        for name, (cost, price, demand) in GOODS.items():
            order = question["x"][name]
            total += cost * order - price * min(order, chance.expovariate(1 / demand))
    print(json.dumps({"value": total / DAYS}), flush=True)
