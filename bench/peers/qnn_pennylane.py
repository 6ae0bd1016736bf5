"""Value and gradient of <Z0> of the ring ansatz (Mourya, Leipold and Adhikari, arXiv 2503.01884), as bench/quantum.cpp.

    qnn_pennylane.py PEER QUBITS [LAYERS]     PEER: lightning, qulacs or copy; prints JSON

A layer is RY on every qubit, RZ on every qubit and a ring of CNOTs; complex128, gradients by the peers' adjoint methods. Angles are those of the
reference (0.1, 0.2, ...), so that `value` and `gradient_norm` show that all compute the same. "copy" measures bytes read and written a second by a
copy of 512 MB, of as many threads. Least wall time of rounds.
"""

import json
import os
import resource
import sys
import time

import numpy as np


def least_ms(call, rounds=6):
    call()
    begin = time.perf_counter()
    call()
    calls = max(1, int(0.2 / max(time.perf_counter() - begin, 1e-6)))
    calls = min(calls, 200)
    least = 1e9
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        least = min(least, (time.perf_counter() - begin) / calls)
    return least * 1e3


def lightning(qubits, layers, theta):
    import pennylane as qml
    from pennylane import numpy as pnp
    device = qml.device("lightning.qubit", wires=qubits)

    @qml.qnode(device, diff_method="adjoint")
    def z0(angles):
        for layer in range(layers):
            for q in range(qubits):
                qml.RY(angles[layer, 0, q], wires=q)
            for q in range(qubits):
                qml.RZ(angles[layer, 1, q], wires=q)
            for q in range(qubits):
                qml.CNOT(wires=[q, (q + 1) % qubits])
        return qml.expval(qml.PauliZ(0))

    angles = pnp.array(theta, requires_grad=True)
    gradient = qml.grad(z0)

    def call():
        found = gradient(angles)
        return float(gradient.forward), np.asarray(found)
    return call


def qulacs(qubits, layers, theta):
    import qulacs as library
    circuit = library.ParametricQuantumCircuit(qubits)

    def wire(q):  # qubit 0 is the least significant bit there
        return qubits - 1 - q
    for layer in range(layers):  # rotations there are by the opposite angle
        for q in range(qubits):
            circuit.add_parametric_RY_gate(wire(q), -theta[layer, 0, q])
        for q in range(qubits):
            circuit.add_parametric_RZ_gate(wire(q), -theta[layer, 1, q])
        for q in range(qubits):
            circuit.add_CNOT_gate(wire(q), wire((q + 1) % qubits))
    z0 = library.Observable(qubits)
    z0.add_operator(1.0, f"Z {wire(0)}")
    state = library.QuantumState(qubits)

    def call():
        state.set_zero_state()
        circuit.update_quantum_state(state)
        return z0.get_expectation_value(state), -np.array(circuit.backprop(z0)).reshape(theta.shape)
    return call


def copy_bandwidth():
    """As bench/quantum.cpp measures its own: LibTorch is not needed, numpy copies with one thread."""
    a = np.ones(64 * 1024 * 1024)
    b = np.empty_like(a)
    return 2 * a.nbytes / (least_ms(lambda: np.copyto(b, a)) / 1e3) / 1e9


def main():
    peer, qubits, layers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 4
    if peer == "copy":
        print(json.dumps({"gb_per_s": copy_bandwidth()}))
        return
    theta = 0.1 * np.arange(1, 2 * qubits * layers + 1).reshape(layers, 2, qubits)
    call = {"lightning": lightning, "qulacs": qulacs}[peer](qubits, layers, theta)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    value, gradient = call()
    print(json.dumps({"ms": least_ms(call, 6 if qubits < 18 else 3), "value": value, "gradient_norm": float(np.linalg.norm(gradient)),
                      "states": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / (16 * 2 ** qubits),
                      "threads": os.environ.get("OMP_NUM_THREADS", "all")}))


if __name__ == "__main__":
    main()
