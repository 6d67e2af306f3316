"""The findings of experiments: small records of finished arms, and the page that is made from them."""

__all__: list[str] = []
