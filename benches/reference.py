#!/usr/bin/env python3
"""Side by side in one run: `drumbeat solve` and HiGHS, a general solver, on the same instances.

    python3 -m venv /tmp/highs && /tmp/highs/bin/pip install highspy
    /tmp/highs/bin/python benches/reference.py [--drumbeat target/release/drumbeat] [--shared ../shared/planner] [FILE...]

Without files: the three companies of a thousand teams. HiGHS gets the time-indexed model, one component at a time, on one
thread, with no gap allowed: first the count, then the cost. Prints both times and whether counts and costs agree; exits 1
where they do not. Its time is that of its own solving, ours is that of the whole command, reading the file included.
"""
import argparse, glob, json, os, subprocess, sys, time
import highspy, numpy as np


class Model:
    """Columns between 0 and a bound; rows with an upper limit."""

    def __init__(self):
        self.cost, self.upper, self.start, self.index, self.value, self.most = [], [], [0], [], [], []

    def col(self, cost, upper=1.0):
        self.cost.append(float(cost)); self.upper.append(upper)
        return len(self.cost) - 1

    def row(self, entries, most):
        for column, factor in entries: self.index.append(column); self.value.append(float(factor))
        self.start.append(len(self.index)); self.most.append(float(most))

    def solve(self, cost, integers):
        lp = highspy.HighsLp(); n = len(self.cost); lp.num_col_, lp.num_row_ = n, len(self.most)
        lp.col_cost_ = np.array(cost); lp.col_lower_ = np.zeros(n); lp.col_upper_ = np.array(self.upper)
        lp.row_lower_ = np.full(len(self.most), -highspy.kHighsInf); lp.row_upper_ = np.array(self.most)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = np.array(self.start), np.array(self.index), np.array(self.value)
        lp.integrality_ = [highspy.HighsVarType.kInteger if i < integers else highspy.HighsVarType.kContinuous for i in range(n)]
        h = highspy.Highs(); h.setOptionValue('output_flag', False); h.setOptionValue('threads', 1)
        h.setOptionValue('mip_rel_gap', 0.0); h.setOptionValue('mip_abs_gap', 0.5); h.passModel(lp)
        t = time.perf_counter(); h.run(); t = time.perf_counter() - t
        assert h.getModelStatus() == highspy.HighsModelStatus.kOptimal, h.getModelStatus()
        return round(h.getInfo().objective_function_value), t


def cliques(items):
    """items: (column, from, until). The columns that share a moment, at each moment where a set is largest."""
    starts = sorted({a for _, a, _ in items}); out = []
    for i, t in enumerate(starts):
        now = [(c, b) for c, a, b in items if a <= t < b]
        after = starts[i + 1] if i + 1 < len(starts) else 10**9
        if len(now) > 1 and any(b <= after for _, b in now): out.append([c for c, _ in now])
    return out


def highs(inst, sess, lib):
    """(placed, cost, seconds) of a component."""
    tables = lib.Tables(inst, sess); P, R, W = inst['people'], inst['reps'], inst['weights']
    m = Model(); x = []; base = 0
    for j in sess:
        drop = j['drop'] + (W['move'] if j['proposed'] is not None else 0); base += drop
        for s, c in tables.allow[j['id']].items(): x.append((m.col(c - drop), s, s + j['dur'], j))
    n = len(x)
    if not n: return 0, lib.evaluate(inst, {}, tables)[1], 0.0
    by = lambda key: {k: [t for t in x if k in key(t)] for k in sorted({k for t in x for k in key(t)})}
    for own in by(lambda t: [t[3]['id']]).values(): m.row([(t[0], 1) for t in own], 1)
    for p, own in by(lambda t: t[3]['people']).items():
        for c in cliques([(t[0], t[1], t[2] + P[p]['buffer']) for t in own]): m.row([(k, 1) for k in c], 1)
        for a, b, cost in P[p]['holds']:
            on = [t for t in own if t[1] < b and a < t[2]]
            if on and cost:
                y = m.col(cost)
                for t in on: m.row([(t[0], 1), (y, -1)], 0)
    reps = {j['rep'] for j in sess}
    for r in sorted(reps):
        own = [t for t in x if t[3]['rep'] == r]; days = P[R[r]['person']]['days']
        for c in cliques([(t[0], t[1], t[2] + R[r]['spacing']) for t in own]): m.row([(k, 1) for k in c], 1)
        for d in range(7):
            on = [t for t in own if days[d] <= t[1] < days[d + 1]]
            if len(on) > 1: m.row([(t[0], 1) for t in on], 1)
        if not R[r]['fixed']:
            u = m.col(R[r]['starve']); m.row([(t[0], -1) for t in own] + [(u, -1)], -1)
    for lead, own in by(lambda t: [t[3]['people'][0]]).items():
        q = P[lead]
        for d in range(7):
            on = [t for t in own if q['days'][d] <= t[1] < q['days'][d + 1]]; fixed = q['fixed_per_day'][d]
            if not on: continue
            m.row([(t[0], 1) for t in on], max(0, q['day_cap'] - fixed))
            z = m.col(W['load'], 99.0); m.row([(t[0], 1) for t in on] + [(z, -1)], max(0, q['day_soft'] - fixed))
        # No session fits between two that are chained, where chain_gap is no longer than a session.
        assert W['chain_gap'] <= min(j['dur'] for j in sess)
        ends = by_time(own, 2); starts = by_time(own, 1)
        for e, first in ends.items():
            for s in range(e + q['buffer'], e + W['chain_gap']):
                if s in starts: m.row([(k, 1) for k in first + starts[s]] + [(m.col(W['chain']), -1)], 1)
    count, t1 = m.solve([-1.0 if i < n else 0.0 for i in range(len(m.cost))], n)
    m.row([(i, -1) for i in range(n)], count)
    cost, t2 = m.solve(m.cost, n)
    return -count, base + cost, t1 + t2


def by_time(own, at):
    out = {}
    for t in own: out.setdefault(t[at], []).append(t[0])
    return out


def main():
    here = os.path.dirname(os.path.abspath(__file__)); a = argparse.ArgumentParser()
    a.add_argument('--drumbeat', default=os.path.join(here, '../target/release/drumbeat'))
    a.add_argument('--shared', default=os.path.join(here, '../../shared/planner')); a.add_argument('files', nargs='*')
    o = a.parse_args(); sys.path.insert(0, o.shared); import planlib
    wrong = 0
    for path in o.files or sorted(glob.glob(os.path.join(o.shared, 'public/c1000-*'))):
        inst = planlib.load(path); t = time.perf_counter()
        ours = json.loads(subprocess.run([o.drumbeat, 'solve', path], check=True, capture_output=True).stdout)
        t = time.perf_counter() - t; theirs = 0.0; agree = other = unproven = 0
        for sess, c in zip(planlib.components(inst), ours['components']):
            placed, cost, s = highs(inst, sess, planlib); theirs += s
            if (placed, cost) == (c['placed'], c['cost']): agree += 1
            elif c['proven']: other += 1; print(f"{inst['name']}: component {c['first']}: HiGHS {placed}, {cost}; drumbeat {c}")
            unproven += not c['proven']
        wrong += other
        print(f"{inst['name']:16} components {len(ours['components']):5}  drumbeat {t:7.3f} s  HiGHS {theirs:7.3f} s  agree {agree}  differ {other}  unproven {unproven}", flush=True)
    return 1 if wrong else 0


if __name__ == '__main__': sys.exit(main())
