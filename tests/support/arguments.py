"""What a test by chance is told: the server's binary, how much of it there is to be, and the seed, which it says."""

import argparse
import time


def by_chance(about, **amounts):
    """`amounts` are numbers by the names of their options, with what they are when nothing is told."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    for name, amount in amounts.items():
        parser.add_argument(f"--{name}", type=type(amount), default=amount)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    return args
