"""Runs tests side by side and tells what came of each."""

import concurrent.futures


def run_all(tests, attempt, at_once):
    """The exit status: 0 when all are well. `attempt` gives for a test the line to print, and whether all was well."""
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for outcome in concurrent.futures.as_completed([pool.submit(attempt, test) for test in tests]):
            outcomes.append(outcome.result())
            print(outcomes[-1][0], flush=True)
    passed = sum(well for _, well in outcomes)
    print(f"{passed} passed, {len(outcomes) - passed} failed")
    return 0 if passed == len(outcomes) else 1
