"""Executes a Plan through the Engine protocol; decides nothing about the spec."""
