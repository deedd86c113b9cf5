# about: Python with NumPy: vectors, linear algebra, random numbers; SciPy-free
# equal: amd64 i386
# packages: python3-numpy python3
# architectures: amd64 i386
# seconds: 300
# memory: 2G
cat >s.py <<'END'
import numpy as np
a = np.arange(12.0).reshape(3, 4); print(a.sum(0), (a @ a.T).tolist()); print(np.linalg.det(np.array([[2.0, 1], [1, 3]])).round(6), np.linalg.eigvalsh([[2, 1], [1, 2]]).round(6)); r = np.random.default_rng(1); print(r.integers(0, 100, 5), r.normal(size=2).round(6)); print(np.fft.fft([1, 2, 3, 4]).round(6), np.sort(r.permutation(9))[:3]); x = np.linspace(0, 1, 1000); print(np.trapezoid(np.sin(x), x).round(6), np.unique([3, 1, 3]), (x > 0.5).sum()); m = np.memmap("m", dtype="i4", mode="w+", shape=10); m[:] = 7; m.flush(); print(np.fromfile("m", "i4").sum(), np.polyfit([0, 1, 2], [1, 3, 5], 1).round(6), np.float32(0.1) + np.float32(0.2)); np.savez("z", a=a); print(np.load("z.npz")["a"].shape, np.einsum("ij->j", a), np.datetime64("1970-01-01") + 1)
END
python3 s.py
