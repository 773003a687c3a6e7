"""What is said of a service that edits pictures."""

from dataclasses import dataclass
from types import MappingProxyType

from resources.chat.settings import ChatError, ChatSettings

_DEAREST_TOKENS = 6240
"""What gpt-image-1 takes for its largest picture at its highest quality, to estimate the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings(ChatSettings):
    """As of a chat model, whose endpoint, key, patience and prices these are too."""

    unrecorded = MappingProxyType({**ChatSettings.unrecorded, "usd_per_image": "what it costs"})

    usd_per_image: float = 0.0
    """Of a service that bills pictures and no tokens."""

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ChatError: A price below nothing, a budget without a price, or as `ChatSettings`.
        """
        if not self.usd_per_image >= 0:
            msg = f"{self.model}: usd_per_image is {self.usd_per_image}; give 0 or more"
            raise ChatError(msg)
        if self.budget_usd is not None and not self.is_paid:
            msg = f"{self.model}: a budget needs usd_per_image, or usd_per_m_output"
            raise ChatError(msg)
        ChatSettings.__post_init__(self)

    @property
    def is_paid(self) -> bool:
        """Whether there is a price."""
        return self.usd_per_image + self.usd_per_m_input + self.usd_per_m_output > 0

    @property
    def dearest_usd(self) -> float:
        """The most that a picture costs."""
        return self.usd_per_image or self.usd(
            tokens_in=_DEAREST_TOKENS, cached=0, tokens_out=_DEAREST_TOKENS
        )
