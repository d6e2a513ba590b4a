"""Bodies for benchmarks: natural text in the five languages, each one different."""

import random

_SENTENCES = (
    "The bus was late again, so we walked along the river and talked about the exam.",
    "Could somebody send me the notes from Tuesday? I was at the dentist all morning.",
    "We meet at half past six near the old library; bring a warm coat and some tea.",
    "I fixed the printer, but it still hums the same sad song whenever it rains.",
    "Сьогодні на уроці ми вивчали цикли, і в мене нарешті вийшла гра про космос.",
    "Хто вже зробив домашнє завдання з геометрії? Поясніть, будь ласка, третю задачу.",
    "Після школи йдемо на майданчик, бо обіцяли сонце, а ввечері буде дощ із грозою.",
    "Бабуся передала вареники з вишнею, тож завтра обідаємо разом у кабінеті фізики.",
    "Czy ktoś widział mój zeszyt? Zostawiłem go wczoraj na ławce obok sali gimnastycznej.",
    "Jutro jedziemy na wycieczkę do Krakowa, zbiórka o siódmej rano przed szkołą.",
    "Zażółć gęślą jaźń to zdanie, które zna każdy, kto kiedyś projektował czcionki.",
    "Proszę o ciszę na czacie do przerwy, bo pani dyrektor właśnie weszła do klasy.",
    "Кто-нибудь знает, во сколько сегодня репетиция? В расписании стоит прочерк.",
    "Мы почти дописали статью, осталось проверить ссылки и нарисовать две схемы.",
    "Ёжик снова приходил к нам в сад и съел всё, что мы оставили кошке на крыльце.",
    "พรุ่งนี้เรามีนัดกันที่ห้องสมุดตอนสี่โมงเย็น อย่าลืมเอาสมุดวาดรูปมาด้วยนะ",
    "วันนี้ฝนตกหนักมาก รถติดตั้งแต่เช้า ครูเลยให้เรียนออนไลน์แทนหนึ่งวัน",
    "ใครทำการบ้านคณิตศาสตร์เสร็จแล้วช่วยอธิบายข้อสามให้หน่อยได้ไหม ขอบคุณมาก",
)


def bodies(count: int, size: int, seed: int = 1) -> list[str]:
    """Return ``count`` different texts of about ``size`` bytes of UTF-8 each, never more."""
    chance = random.Random(seed)
    texts: list[str] = []
    for number in range(count):
        words = f"{number} "
        while len(words.encode()) < size:
            words += chance.choice(_SENTENCES) + " "
        raw = words.encode()[:size]
        texts.append(raw.decode(errors="ignore").rstrip())
    return texts
