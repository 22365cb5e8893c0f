"""The commands: parse, call, print. The only room that prints, prompts or exits."""
