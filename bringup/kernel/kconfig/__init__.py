"""The Kconfig language: .config files, expressions, Kconfig files, a source tree's symbols."""
