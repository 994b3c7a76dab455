"""The dashboard's parts: shell, forms, panels. This is the only package that imports streamlit."""
