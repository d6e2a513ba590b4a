"""The desktop client: views in customtkinter, and the small program behind them."""
