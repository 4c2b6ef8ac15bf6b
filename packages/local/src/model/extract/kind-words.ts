import type { DocumentKind } from './findings.ts';

/** A word or phrase and how strongly it speaks for a kind. Global: to be used with `match` and `search`, which keep no state. */
type WeightedWord = readonly [RegExp, number];

/**
 * In English, German, French, Spanish and Italian, and the plainest words of some other languages; `(?<!\p{L})`
 * because `\b` does not know accents.
 */
export const KIND_WORDS: readonly (readonly [DocumentKind, readonly WeightedWord[]])[] = [
  [
    'contract',
    [
      [/契約|合同|协议|계약|договор|umow[ay]|overeenkomst|contrato|عقد|smlouv|avtal/giu, 3],
      [/(?<!\p{L})(?:agreement|contract|lease|terms and conditions|non-disclosure)(?!\p{L})/giu, 2],
      [
        /(?<!\p{L})(?:hereinafter|hereby|herein|governing law|whereas|in witness whereof|indemnif\p{L}*|force majeure)(?!\p{L})/giu,
        3,
      ],
      [/(?<!\p{L})(?:the parties|either party|terminat(?:e|ion)|confidential information|liability)(?!\p{L})/giu, 1],
      [/(?<!\p{L})\p{L}*(?:vertrag|vereinbarung)(?:s|es|en)?(?!\p{L})/giu, 2],
      [
        /(?<!\p{L})(?:vertragsparteien|auftragnehmer\p{L}*|auftraggeber\p{L}*|vermieter\p{L}*|mieter\p{L}*|gerichtsstand|kündigungsfrist|nachfolgend|salvatorische)(?!\p{L})/giu,
        2,
      ],
      [
        /(?<!\p{L})(?:contrat|convention|ci-après|les parties|le prestataire|le bailleur|résiliation|droit applicable|clause)(?!\p{L})/giu,
        2,
      ],
      [
        /(?<!\p{L})(?:contrato|acuerdo|cláusulas?|las partes|en adelante|rescisión|arrendador|arrendatario|estipulaciones)(?!\p{L})/giu,
        2,
      ],
      [
        /(?<!\p{L})(?:contratto|accordo|le parti|di seguito|recesso|foro competente|locatore|conduttore|clausol[ae])(?!\p{L})/giu,
        2,
      ],
    ],
  ],
  [
    'invoice',
    [
      [
        /請求書|发票|청구서|сч[её]т-фактура|сч[её]т на оплату|рахунок|faktura|lasku|τιμολόγιο|חשבונית|faktur|factuur|fatura|فاتورة/giu,
        3,
      ],
      [
        /(?<!\p{L})(?:invoice|bill to|amount due|balance due|payment due|subtotal|remit|due date|vat|unit price)(?!\p{L})/giu,
        2,
      ],
      [
        /(?<!\p{L})(?:\p{L}*rechnung|rechnungs\p{L}+|zahlbar|zahlungsziel|mwst\.?|ust\.?|nettobetrag|einzelpreis|gesamtbetrag|iban)(?!\p{L})/giu,
        2,
      ],
      [/(?<!\p{L})(?:facture|tva|montant|net à payer|total ttc|total ht|prix unitaire|échéance)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:factura|iva|importe|base imponible|total a pagar|precio unitario|vencimiento)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:fattura|imponibile|totale da pagare|prezzo unitario|scadenza|partita iva)(?!\p{L})/giu, 2],
    ],
  ],
  [
    'incident_report',
    [
      [/障害報告|事故报告|инцидент|storing|incidente|حادث/giu, 3],
      [
        /(?<!\p{L})(?:incident|outage|post-?mortem|root cause|mitigat\p{L}+|time to detect|severity|sev-?\d|rollback|on-call)(?!\p{L})/giu,
        2,
      ],
      [
        /(?<!\p{L})(?:störung\p{L}*|vorfall\p{L}*|ausfall\p{L}*|ursachenanalyse|unfall\p{L}*|störungsbericht|gegenmaßnahmen|betroffene systeme)(?!\p{L})/giu,
        2,
      ],
      [
        /(?<!\p{L})(?:panne|rapport d['’]incident|cause première|cause racine|interruption de service|mesures correctives|accident)(?!\p{L})/giu,
        2,
      ],
      [/(?<!\p{L})(?:incidente|incidencia|avería|causa raíz|interrupción|medidas correctivas)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:guasto|disservizio|causa principale|interruzione|azioni correttive)(?!\p{L})/giu, 2],
    ],
  ],
  [
    'minutes',
    [
      [
        /議事録|会议纪要|회의록|протокол(?:у|а)? (?:заседани|собрани|совещани|засідан|збор)|protok[oó]ł|πρακτικά|pöytäkirja|toplantı tutanağı|zápis z|notulen|ata da reunião|محضر/giu,
        3,
      ],
      [
        /(?<!\p{L})(?:minutes of|meeting minutes|attendees|apologies|agenda|action items?|adjourned|resolved that|next meeting)(?!\p{L})/giu,
        2,
      ],
      [
        /(?<!\p{L})(?:\p{L}*protokoll|teilnehmer\p{L}*|anwesend\p{L}*|entschuldigt|tagesordnung|top \d+|beschluss|sitzung\p{L}*|protokollführ\p{L}+)(?!\p{L})/giu,
        2,
      ],
      [
        /(?<!\p{L})(?:procès-verbal|compte rendu|compte-rendu|ordre du jour|présents|excusés|séance|réunion|prochaine réunion)(?!\p{L})/giu,
        2,
      ],
      [/(?<!\p{L})(?:acta de|asistentes|orden del día|reunión|se acuerda|próxima reunión|junta)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:verbale|ordine del giorno|presenti|assenti|riunione|seduta|delibera)(?!\p{L})/giu, 2],
    ],
  ],
  [
    'handbook',
    [
      [/マニュアル|手引|手册|руководство|documentation|dokumentation|handleiding|podręcznik|دليل/giu, 3],
      [
        /(?<!\p{L})(?:handbook|manual|user guide|employee guide|policy|policies|procedure|chapter|instructions|how to|guidelines)(?!\p{L})/giu,
        2,
      ],
      [
        /(?<!\p{L})(?:\p{L}*handbuch|bedienungsanleitung|betriebsanleitung|leitfaden|richtlinien?|kapitel|anleitung)(?!\p{L})/giu,
        2,
      ],
      [/(?<!\p{L})(?:manuel|guide de|livret|chapitre|mode d['’]emploi|consignes|règlement intérieur)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:manual|guía|capítulo|instrucciones|normas internas)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:manuale|guida|capitolo|istruzioni|regolamento interno)(?!\p{L})/giu, 2],
    ],
  ],
  [
    'report',
    [
      [/(?<!\p{L})(?:report|review|study)(?!\p{L})/giu, 1],
      [/報告書|报告|보고서|отчёт|отчет|verslag|relatório|تقرير/giu, 3],
      [
        /(?<!\p{L})(?:annual report|quarterly report|status report|progress report|executive summary|findings|recommendations|key figures|outlook|year-on-year)(?!\p{L})/giu,
        2,
      ],
      [
        /(?<!\p{L})(?:\p{L}*bericht|zusammenfassung|ergebnisse|empfehlungen|kennzahlen|ausblick|geschäftsjahr)(?!\p{L})/giu,
        2,
      ],
      [/(?<!\p{L})(?:rapport|synthèse|résultats|recommandations|perspectives|exercice|chiffres clés)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:informe|resumen ejecutivo|resultados|recomendaciones|conclusiones|perspectivas)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:relazione|rapporto|sintesi|risultati|raccomandazioni|conclusioni|prospettive)(?!\p{L})/giu, 2],
    ],
  ],
  [
    'article',
    [
      [
        /(?<!\p{L})(?:abstract|keywords|references|doi|arxiv|et al|related work|we propose|our approach|experiments|dataset|hypothesis|introduction|peer-reviewed)(?!\p{L})/giu,
        2,
      ],
      [
        /(?<!\p{L})(?:literaturverzeichnis|wir zeigen|stichprobe|redaktion|reportage|fachartikel|einleitung)(?!\p{L})/giu,
        2,
      ],
      [/(?<!\p{L})(?:résumé|mots-clés|bibliographie|nous proposons|introduction|rédaction)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:palabras clave|bibliografía|proponemos|introducción|redacción|artículo de)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:parole chiave|bibliografia|proponiamo|introduzione|redazione)(?!\p{L})/giu, 2],
    ],
  ],
  [
    'letter',
    [
      [/(?<!\p{L})(?:to whom it may concern|enclosures?|i am writing|yours sincerely|re:)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:betreff|ihr schreiben|ihr zeichen|mit freundlichen grüßen)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:objet|pièces? jointes?|votre courrier|salutations distinguées)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:muy señor\p{L}* mío\p{L}*|adjunto|asunto|le escribo)(?!\p{L})/giu, 2],
      [/(?<!\p{L})(?:in allegato|oggetto|con la presente|spettabile)(?!\p{L})/giu, 2],
    ],
  ],
];
