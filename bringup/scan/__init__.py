"""Who still uses ION in a source tree, and what replaces each use.

Files → readings → uses:

1. **Finding**: :class:`bringup.scan.finding.walk.Walk` lists the files of trees, and
   :func:`bringup.scan.finding.find.find` yields those that hold one of
   :func:`~bringup.scan.readers.candidates.finder_forms`.
   :func:`bringup.scan.language.language_of` gives a file's :class:`~bringup.scan.language.Language` by its name and its
   first bytes; ``None``: no reader reads it, and where it holds a form it was not looked at.
2. **Reading**: :func:`bringup.scan.readers.read.read` turns one :class:`~bringup.scan.readers.source.Source` into a
   :class:`~bringup.scan.readers.source.FileReading`. It depends on the file alone; both can be pickled, so files can be
   read in any process and in any order.
3. **Settling**: :func:`bringup.scan.settle.settle` takes the readings of a whole tree, and yields its
   :class:`~bringup.scan.document.Hit` objects: one per line and word, each with its status. Names that the tree defines
   for itself are left out; its second argument is the paths of the tree's own headers that have a name of ION's
   (``ion.h``) and no use in them.

:mod:`bringup.scan.knowledge` holds the names as data: ``data/*.yaml``, compiled into ``compiled.json``. There,
:func:`~bringup.scan.knowledge.shipped.words` is all of them as plain texts, and ``find()`` looks one up.
:mod:`bringup.scan.rules` says of each kind of use why it no longer works and what replaces it,
:mod:`bringup.scan.advice` what replaces one use, by what its call asks for. :mod:`bringup.scan.tree` does all of
this for trees, and makes the document.
"""
