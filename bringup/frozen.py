"""Frozen dataclasses with slots that cost next to nothing to define.

``dataclasses`` takes as long to import as the interpreter to start, and compiles source for each class: on the way of
``bringup kconfig check FILE --json`` that was half of the time. This is the same for type checkers and for whoever uses
such a class (``dataclasses.fields``, ``replace`` and ``asdict`` work), and it only knows what is used here:
``@dataclass(frozen=True, slots=True)``, also with ``order=True``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    _MISSING = object()

    class _Field:
        __slots__ = ("compare", "default", "factory", "init", "repr")

        def __init__(self, default, factory, init, repr, compare):  # noqa: A002
            self.default, self.factory = default, factory
            self.init, self.repr, self.compare = init, repr, compare

    def field(*, default=_MISSING, default_factory=_MISSING, init=True, repr=True, compare=True):  # noqa: A002
        """As :func:`dataclasses.field`."""
        return _Field(default, default_factory, init, repr, compare)

    def replace(value, /, **changes):
        """As :func:`dataclasses.replace`."""
        fields = type(value).__frozen_fields__
        kept = {name: getattr(value, name) for name, one in fields.items() if one.init and name not in changes}
        return type(value)(**kept, **changes)

    def dataclass(*, frozen, slots, order=False):
        """As :func:`dataclasses.dataclass`; frozen and with slots is the only kind."""
        if not frozen or not slots:
            raise TypeError("this is for frozen classes with slots")
        return _ordered if order else _frozen

    def _frozen(cls):
        space = dict(cls.__dict__)
        fields = {name: _field(space.pop(name, _MISSING)) for name in space.get("__annotations__", ())}
        for name in ("__dict__", "__weakref__"):
            space.pop(name, None)
        names = tuple(fields)
        space["__slots__"] = names
        space["__frozen_fields__"] = fields
        space["__dataclass_fields__"] = _DataclassFields()
        space["__match_args__"] = tuple(name for name in names if fields[name].init)
        space.setdefault("__setattr__", _refuse_set)
        space.setdefault("__delattr__", _refuse_delete)
        space.setdefault("__repr__", _repr)
        space.setdefault("__reduce__", _reduce)
        new = type(cls)(cls.__name__, cls.__bases__, space)
        new.__qualname__ = cls.__qualname__
        setters = tuple((name, space_of.__set__) for name, space_of in ((one, new.__dict__[one]) for one in names))
        new.__init__ = _initialiser(cls.__name__, fields, setters, "__post_init__" in space)
        compared = tuple(name for name in names if fields[name].compare)

        def key(self):
            return tuple([getattr(self, name) for name in compared])

        def equal(self, other):
            return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

        new.__frozen_key__ = key
        if "__eq__" not in space:
            new.__eq__ = equal
        if "__hash__" not in space:
            new.__hash__ = lambda self: hash(key(self))
        return new

    def _ordered(cls):
        new = _frozen(cls)
        new.__lt__ = _comparing(lambda mine, theirs: mine < theirs)
        new.__le__ = _comparing(lambda mine, theirs: mine <= theirs)
        new.__gt__ = _comparing(lambda mine, theirs: mine > theirs)
        new.__ge__ = _comparing(lambda mine, theirs: mine >= theirs)
        return new

    def _comparing(compare):
        def method(self, other):
            if other.__class__ is not self.__class__:
                return NotImplemented
            return compare(self.__frozen_key__(), other.__frozen_key__())

        return method

    def _field(default):
        return default if isinstance(default, _Field) else _Field(default, _MISSING, True, True, True)

    def _initialiser(title, fields, setters, has_post):
        derived = tuple((name, put) for name, put in setters if not fields[name].init)
        setters = tuple((name, put) for name, put in setters if fields[name].init)
        puts = tuple(put for _, put in setters)
        most = len(setters)

        def initialise(self, *args, **given):
            for put, value in zip(puts, args):  # noqa: B905 - fewer are completed below, more are refused
                put(self, value)
            if len(args) != most:
                if len(args) > most:
                    raise TypeError(f"{title}() takes {most} arguments, {len(args)} were given")
                for name, put in setters[len(args) :]:
                    put(self, given.pop(name) if name in given else _default(title, name, fields[name]))
            if given:
                raise TypeError(f"{title}() got an argument it does not know, or twice: {', '.join(given)}")
            for name, put in derived:
                put(self, _default(title, name, fields[name]))
            if has_post:
                self.__post_init__()

        return initialise

    def _default(title, name, one):
        if one.factory is not _MISSING:
            return one.factory()
        if one.default is _MISSING:
            raise TypeError(f"{title}() misses the argument {name!r}")
        return one.default

    def _refuse_set(_self, name, _value):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def _refuse_delete(_self, name):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def _repr(self):
        shown = (name for name, one in self.__frozen_fields__.items() if one.repr)
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def _reduce(self):
        return type(self), tuple(getattr(self, name) for name in self.__match_args__)

    class _DataclassFields:
        """Makes the fields that ``dataclasses`` looks for when it is asked to look."""

        def __get__(self, instance, owner):
            import dataclasses

            made = []
            for name, one in owner.__frozen_fields__.items():
                told = {"init": one.init, "repr": one.repr, "compare": one.compare}
                if one.factory is not _MISSING:
                    told["default_factory"] = one.factory
                elif one.default is not _MISSING:
                    told["default"] = one.default
                made.append((name, owner.__annotations__[name], dataclasses.field(**told)))
            return dataclasses.make_dataclass(owner.__name__, made, kw_only=True).__dataclass_fields__


__all__ = ["dataclass", "field", "replace"]
