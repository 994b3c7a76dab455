"""The dashboard's parts: shell, forms, panels. The only package that imports streamlit."""
