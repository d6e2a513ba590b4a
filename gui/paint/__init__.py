"""How everything looks: palettes, fonts, made pictures, and our kit of widgets."""
