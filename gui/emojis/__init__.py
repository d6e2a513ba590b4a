"""Emoji that ship with the program: pictures, order, names in five languages, shortcodes.

Everything here but the modules is made by ``tests/gui/make_emoji.py``; ``README.md``
says from what, and under which licences.
"""
