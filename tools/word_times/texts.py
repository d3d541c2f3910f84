"""Texts that `tools.word_times` has spoken: written for it, of several kinds."""

ENGLISH = (
    (
        "narration",
        "The ferry left the island before sunrise. Fog lay on the water, and for an hour nothing could be seen but "
        "the white rail and the gulls that followed us. Then the wind turned. The mountains came out one after "
        "another, dark at first, then green, and far below them the roofs of the harbour began to shine.",
    ),
    (
        "dialogue",
        "Have you seen my keys? They were on the table this morning. No, I haven't. Did you look in your coat? Of "
        "course I did! Well, look again. You never find anything the first time. All right. Oh. Here they are. What "
        "did I tell you?",
    ),
    (
        "numbers and prices",
        "The museum opens at 9:30 and closes at 17:45. A ticket costs $12.50, or $8 for students. In 2019 it had "
        "1,250,000 visitors, 14% more than in 2018. The oldest of its 36 rooms was built in 1784, is 22.5 metres "
        "long, and can hold 300 people.",
    ),
    (
        "names",
        "Professor Eleanor Whitfield met Doctor Rajesh Patel in Amsterdam, where Johann Becker and Maria Gonzalez had "
        "invited them. From there Patel flew to Toronto, while Whitfield took the train to Vienna to see her friend "
        "Charlotte Dubois at the University.",
    ),
    (
        "lecture",
        "A neuron receives signals through its dendrites and sends them along its axon. When enough of them arrive "
        "together, the voltage across the membrane rises, and the cell fires. What we measure with a scanner is not "
        "this voltage; it is the oxygen in the blood, which follows several seconds later.",
    ),
    (
        "short and long words",
        "To be is to do, or so it is said. He is in, she is out, and I am up. Internationalization notwithstanding, "
        "extraordinarily complicated administrative responsibilities occasionally overwhelm conscientious "
        "representatives. It is as it is.",
    ),
)
OTHERS = (
    (
        "de",
        "German",
        "Am frühen Morgen ging der alte Mann zum Fluss. Das Wasser war kalt und klar, und auf der anderen Seite "
        "standen drei Pferde im Nebel. Er setzte sich auf einen Stein und wartete, bis die Sonne über den Bäumen "
        "erschien.",
    ),
    (
        "fr",
        "French",
        "Ce matin, la petite fille a trouvé un oiseau dans le jardin. Il ne pouvait plus voler. Elle lui a donné de "
        "l'eau et du pain, puis elle est restée près de lui toute la journée.",
    ),
    (
        "es",
        "Spanish",
        "La ciudad despierta muy temprano. Los vendedores abren sus puestos, el olor del café llena las calles y los "
        "niños corren hacia la escuela. Nadie recuerda ya la tormenta de la noche.",
    ),
)
