"""Languages: one table of codes and English names, and the one function that understands what people write.

"en", "EN", "eng", "en-US", "en_US.UTF-8" and "English" are one language: ISO 639-1, 639-2 (both forms) and 639-3 codes,
BCP-47 tags and English names are known. Events carry upstream's names ("english"); programs are called with codes.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from tribe_np.errors import ConfigError

DETECT = "detect"  # `--language detect`: find it out
TABLE = """
aa aar: afar; ab abk: abkhazian; ae ave: avestan; af afr: afrikaans; ak aka: akan; am amh: amharic; an arg: aragonese;
ar ara arb: arabic; as asm: assamese; av ava: avaric; ay aym: aymara; az aze azj: azerbaijani; ba bak: bashkir;
be bel: belarusian/byelorussian; bg bul: bulgarian; bi bis: bislama; bm bam: bambara; bn ben: bengali/bangla;
bo bod tib: tibetan; br bre: breton; bs bos: bosnian; ca cat: catalan/valencian; ce che: chechen; ch cha: chamorro;
co cos: corsican; cr cre: cree; cs ces cze: czech; cu chu: church slavic; cv chv: chuvash; cy cym wel: welsh;
da dan: danish; de deu ger: german/deutsch; dv div: divehi/dhivehi/maldivian; dz dzo: dzongkha; ee ewe: ewe;
el ell gre: greek/modern greek; en eng: english; eo epo: esperanto; es spa: spanish/castilian/espanol;
et est ekk: estonian; eu eus baq: basque; fa fas per pes prs: persian/farsi; ff ful: fulah; fi fin: finnish;
fj fij: fijian; fo fao: faroese; fr fra fre: french/francais; fy fry: west frisian/western frisian/frisian;
ga gle: irish; gd gla: scottish gaelic/gaelic; gl glg: galician; gn grn gug: guarani; gu guj: gujarati; gv glv: manx;
ha hau: hausa; he heb iw: hebrew; hi hin: hindi; ho hmo: hiri motu; hr hrv: croatian; ht hat: haitian/haitian creole;
hu hun: hungarian; hy hye arm: armenian; hz her: herero; ia ina: interlingua; id ind in: indonesian;
ie ile: interlingue; ig ibo: igbo; ii iii: sichuan yi/nuosu; ik ipk: inupiaq; io ido: ido; is isl ice: icelandic;
it ita: italian/italiano; iu iku: inuktitut; ja jpn: japanese; jv jav jw: javanese; ka kat geo: georgian;
kg kon: kongo; ki kik: kikuyu; kj kua: kuanyama; kk kaz: kazakh; kl kal: greenlandic/kalaallisut;
km khm: khmer/cambodian; kn kan: kannada; ko kor: korean; kr kau: kanuri; ks kas: kashmiri; ku kur kmr: kurdish;
kv kom: komi; kw cor: cornish; ky kir: kyrgyz/kirghiz; la lat: latin; lb ltz: luxembourgish; lg lug: ganda;
li lim: limburgish/limburgan; ln lin: lingala; lo lao: lao; lt lit: lithuanian; lu lub: luba-katanga;
lv lav lvs: latvian; mg mlg plt: malagasy; mh mah: marshallese; mi mri mao: maori; mk mkd mac: macedonian;
ml mal: malayalam; mn mon khk: mongolian; mr mar: marathi; ms msa may zsm: malay; mt mlt: maltese;
my mya bur: burmese/myanmar; na nau: nauru; nb nob: norwegian bokmal/bokmal; nd nde: north ndebele;
ne nep npi: nepali; ng ndo: ndonga; nl nld dut: dutch/flemish/nederlands; nn nno: norwegian nynorsk/nynorsk;
no nor: norwegian; nr nbl: south ndebele; nv nav: navajo; ny nya: chichewa/nyanja; oc oci: occitan; oj oji: ojibwa;
om orm: oromo; or ori ory: odia/oriya; os oss: ossetian; pa pan: punjabi/panjabi; pi pli: pali; pl pol: polish;
ps pus: pashto/pushto; pt por: portuguese/portugues; qu que: quechua; rm roh: romansh; rn run: rundi;
ro ron rum mo mol: romanian/moldavian/moldovan; ru rus: russian; rw kin: kinyarwanda; sa san: sanskrit;
sc srd: sardinian; sd snd: sindhi; se sme: northern sami; sg sag: sango; sh hbs: serbo-croatian;
si sin: sinhala/sinhalese; sk slk slo: slovak; sl slv: slovenian; sm smo: samoan; sn sna: shona; so som: somali;
sq sqi alb als: albanian; sr srp: serbian; ss ssw: swati; st sot: sotho/southern sotho; su sun: sundanese;
sv swe: swedish; sw swa swh: swahili; ta tam: tamil; te tel: telugu; tg tgk: tajik; th tha: thai; ti tir: tigrinya;
tk tuk: turkmen; tl tgl fil: tagalog/filipino; tn tsn: tswana; to ton: tongan/tonga; tr tur: turkish; ts tso: tsonga;
tt tat: tatar; tw twi: twi; ty tah: tahitian; ug uig: uyghur/uighur; uk ukr: ukrainian; ur urd: urdu;
uz uzb uzn: uzbek; ve ven: venda; vi vie: vietnamese; vo vol: volapuk; wa wln: walloon; wo wol: wolof; xh xho: xhosa;
yi yid ji ydd: yiddish; yo yor: yoruba; za zha: zhuang; zh zho chi cmn: chinese/mandarin; zu zul: zulu; haw: hawaiian;
yue: cantonese; grc: ancient greek; kok: konkani; jbo: lojban; chr: cherokee; ckb: sorani/central kurdish;
gsw: swiss german/alemannic; ast: asturian; hsb: upper sorbian; ltg: latgalian; ceb: cebuano; sco: scots;
lzh: literary chinese/classical chinese; nan: min nan/hokkien; wuu: wu/shanghainese; smj: lule sami; pap: papiamento;
bho: bhojpuri
"""
# language, then script, region and variants (BCP-47), or what a POSIX locale puts there
TAG = re.compile(
    r"(?P<code>[a-z]{2,3})(?:[-_](?P<script>[a-z]{4}))?(?:[-_](?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?:[-_][a-z0-9]{1,8})*(?:\.[a-z0-9-]+)?(?:@[a-z]+)?"
)
WHISPER_CODES = {"jv": "jw", "nb": "no"}  # Whisper calls these otherwise


@dataclass(frozen=True, slots=True)
class Language:
    """One language: ISO 639-1 code (639-3 where it has none), upstream's name, and the region of a tag ("us") or ""."""

    code: str
    name: str
    region: str = ""


@cache
def _known() -> Mapping[str, Language]:
    """The language of every code and name."""
    found: dict[str, Language] = {}
    for entry in TABLE.split(";"):
        codes, _, names = entry.partition(":")
        language = Language(codes.split()[0], names.strip().split("/")[0])
        found |= dict.fromkeys([*codes.split(), *names.strip().split("/")], language)
    return found


def known_language(stated: str) -> Language | None:
    """The language of a name, code or tag; None when it is unknown, as what a file says may be."""
    plain = _plain(stated)
    if plain in _known():
        return _known()[plain]
    tag = TAG.fullmatch(plain)
    found = _known().get(tag["code"]) if tag else None
    return Language(found.code, found.name, tag["region"] or "") if tag and found else None


def find_language(asked: str) -> Language:
    """The language that a person asks for.

    Raises   ConfigError with near names when it is unknown
    """
    if (found := known_language(asked)) is not None:
        return found
    names = {*(name for name in _known() if len(name) > 3), DETECT}
    near = get_close_matches(DETECT if _plain(asked) == "auto" else _plain(asked), sorted(names), n=3, cutoff=0.7)
    hint = f"did you mean {' or '.join(near)}?" if near else "give an ISO 639 code such as fr, or an English name"
    raise ConfigError(f"language {asked[:40]!r} is not known; {hint}")


def checked_language(asked: str | None) -> str | None:
    """What a person asks for, once it is known: DETECT, the words as given, or None for nothing.

    Raises   ConfigError as find_language
    """
    if not asked or not asked.strip():
        return None
    if _plain(asked) == DETECT:
        return DETECT
    find_language(asked)
    return asked


def language_code(asked: str | None) -> str:
    """The code of a language that a person asks for; "" for none."""
    return find_language(asked).code if asked else ""


def language_name(asked: str) -> str:
    """The name of a language that a person asks for, as events carry it."""
    return find_language(asked).name


def _plain(text: str) -> str:
    """Lower case, no accents, single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())
