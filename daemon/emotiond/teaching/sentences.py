"""Sentences to say: short, ordinary and neutral in content, so that only the voice differs."""

import re
from collections.abc import Mapping
from typing import Final

ENGLISH: Final = "en"
SENTENCES: Final[dict[str, tuple[str, ...]]] = {
    "de": (
        "Der Bus fährt um zehn nach acht.",
        "Die Schlüssel liegen auf dem Tisch.",
        "Morgen kommt der Elektriker.",
        "Das Fenster im Flur ist offen.",
        "Ich habe das Brot schon gekauft.",
        "Sie wohnt im dritten Stock.",
        "Heute ist schon wieder Donnerstag.",
        "Das Paket steht vor der Tür.",
    ),
    "en": (
        "The bus leaves at ten past eight.",
        "The keys are on the table.",
        "The electrician is coming tomorrow.",
        "The window in the hall is open.",
        "I have already bought the bread.",
        "She lives on the third floor.",
        "Today is Thursday again.",
        "The parcel is outside the door.",
    ),
    "es": (
        "El autobús sale a las ocho y diez.",
        "Las llaves están en la mesa.",
        "Mañana viene el electricista.",
        "La ventana del pasillo está abierta.",
        "Ya he comprado el pan.",
        "Ella vive en el tercer piso.",
        "Hoy ya es jueves otra vez.",
        "El paquete está delante de la puerta.",
    ),
    "fr": (
        "Le bus part à huit heures dix.",
        "Les clés sont sur la table.",
        "L'électricien vient demain.",
        "La fenêtre du couloir est ouverte.",
        "J'ai déjà acheté le pain.",
        "Elle habite au troisième étage.",
        "Aujourd'hui, c'est de nouveau jeudi.",
        "Le colis est devant la porte.",
    ),
    "it": (
        "L'autobus parte alle otto e dieci.",
        "Le chiavi sono sul tavolo.",
        "Domani viene l'elettricista.",
        "La finestra del corridoio è aperta.",
        "Ho già comprato il pane.",
        "Lei abita al terzo piano.",
        "Oggi è di nuovo giovedì.",
        "Il pacco è davanti alla porta.",
    ),
    "nl": (
        "De bus vertrekt om tien over acht.",
        "De sleutels liggen op de tafel.",
        "Morgen komt de elektricien.",
        "Het raam in de gang staat open.",
        "Ik heb het brood al gekocht.",
        "Ze woont op de derde verdieping.",
        "Vandaag is het alweer donderdag.",
        "Het pakket staat voor de deur.",
    ),
    "pl": (
        "Autobus odjeżdża dziesięć po ósmej.",
        "Klucze leżą na stole.",
        "Jutro przychodzi elektryk.",
        "Okno w korytarzu jest otwarte.",
        "Chleb jest już kupiony.",
        "Ona mieszka na trzecim piętrze.",
        "Dzisiaj znowu jest czwartek.",
        "Paczka stoi przed drzwiami.",
    ),
    "pt": (
        "O autocarro sai às oito e dez.",
        "As chaves estão em cima da mesa.",
        "O eletricista vem amanhã.",
        "A janela do corredor está aberta.",
        "Já comprei o pão.",
        "Ela mora no terceiro andar.",
        "Hoje já é quinta-feira outra vez.",
        "A encomenda está à porta.",
    ),
    "tr": (
        "Otobüs sekizi on geçe kalkıyor.",
        "Anahtarlar masanın üstünde.",
        "Elektrikçi yarın geliyor.",
        "Koridordaki pencere açık.",
        "Ekmeği çoktan aldım.",
        "O üçüncü katta oturuyor.",
        "Bugün yine perşembe.",
        "Paket kapının önünde duruyor.",
    ),
}
"""Language -> sentences; all languages say the same."""


def language_of(environment: Mapping[str, str]) -> str:
    """Return the language of a user's environment, if there are sentences in it, or else English.

    Parameters
    ----------
    environment : mapping of str to str
        ``LC_ALL``, ``LC_MESSAGES`` and ``LANG``; the first that is set counts.
    """
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, names), "")
    language = re.split(r"[_.@-]", locale.lower())[0]
    return language if language in SENTENCES else ENGLISH


def sentence_of(language: str, number: int) -> str:
    """Return a sentence in a language; behind the last number they begin anew."""
    sentences = SENTENCES[language]
    return sentences[number % len(sentences)]
