"""What is known of kernels by version: symbols, heap names, releases, upstream and Android's common kernel."""
