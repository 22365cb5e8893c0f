"""Facts about kernels that bringup states, checked against kernel sources: ``python -m tests.support.kernel_facts``."""
