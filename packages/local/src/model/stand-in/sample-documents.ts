/** Documents written for these tests, with what a reader would find in each. */
export interface SampleDocument {
  name: string;
  mediaType: string;
  text: string;
  title: string;
  kind: string;
  language: string;
  /** ISO forms that must be found, among others. */
  dates: string[];
  /** "value currency" of amounts that must be found. */
  amounts: string[];
  names: string[];
  /** Words the summary must contain. */
  says: string;
}

export const SAMPLES: SampleDocument[] = [
  {
    name: 'service-agreement.pdf',
    mediaType: 'application/pdf',
    title: 'SERVICE AGREEMENT',
    kind: 'contract',
    language: 'en',
    dates: ['2026-03-12', '2026-04-01', '2028-03-31'],
    amounts: ['250000 EUR', '12000 EUR', '4500 EUR'],
    names: ['Sabine Vogel', 'Hartmann & Partner GmbH', 'Northwind Traders Ltd.', "John O'Neil", 'Berlin'],
    says: 'The Client shall pay a monthly fee',
    text: `SERVICE AGREEMENT

This Service Agreement (the "Agreement") is entered into as of 12 March 2026 (the "Effective Date") by and between
Hartmann & Partner GmbH, a company registered in Berlin, Germany, represented by its managing director Dr. Sabine
Vogel ("Provider"), and Northwind Traders Ltd., 14 Harbour Street, London, represented by John O'Neil ("Client").

1. Services
The Provider shall deliver hosting and support services for the Client's order management system as described in
Schedule A. The Provider shall respond to critical incidents within four hours, day and night.

2. Fees
The Client shall pay a monthly fee of EUR 4,500.00 plus VAT, payable within 30 days of receipt of the invoice. A
one-time set-up fee of €12,000 is due on 1 April 2026. Late payments bear interest at 5% per annum.

3. Term and termination
This Agreement begins on 1 April 2026 and runs until 31 March 2028. Either party may terminate it with three months'
written notice to the end of a quarter. The right to terminate for good cause remains unaffected.

4. Liability
The total liability of either party under this Agreement is limited to EUR 250,000 per calendar year, except in cases
of intent or gross negligence.

5. Governing law
This Agreement is governed by the laws of Germany. The courts of Berlin have exclusive jurisdiction.
`,
  },
  {
    name: 'rechnung-2026-0178.pdf',
    mediaType: 'application/pdf',
    title: 'Rechnung Nr. 2026-0178',
    kind: 'invoice',
    language: 'de',
    dates: ['2026-03-14', '2026-03-28'],
    amounts: ['1547 EUR', '1300 EUR'],
    names: ['Stadtwerke Freiburg AG', 'Müller Bürotechnik GmbH', 'Katharina Lehmann'],
    says: 'Bitte überweisen Sie den Gesamtbetrag',
    text: `Müller Bürotechnik GmbH
Lindenstraße 42, 10969 Berlin
Tel. 030 1234567 · info@mueller-buerotechnik.example

Rechnung Nr. 2026-0178

Rechnungsdatum: 14. März 2026
Leistungszeitraum: Februar 2026
Kunde: Stadtwerke Freiburg AG, Kaiserstraße 7, 79098 Freiburg

Pos.   Bezeichnung                    Menge   Einzelpreis    Gesamt
1      Wartung Drucker LaserJet 500   3       120,00 €       360,00 €
2      Toner schwarz                  10      89,50 €        895,00 €
3      Anfahrt                        1       45,00 €        45,00 €

Nettobetrag: 1.300,00 €
MwSt. 19 %: 247,00 €
Gesamtbetrag: 1.547,00 €

Bitte überweisen Sie den Gesamtbetrag bis zum 28.03.2026 auf unser Konto IBAN DE12 3456 7890 1234 5678 90.
Bei Fragen wenden Sie sich bitte an Frau Katharina Lehmann. Vielen Dank für Ihren Auftrag.
`,
  },
  {
    name: 'proces-verbal.docx',
    mediaType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    title: "Procès-verbal de la réunion du conseil d'administration",
    kind: 'minutes',
    language: 'fr',
    dates: ['2026-02-03', '2027-09-15', '2026-05-12'],
    amounts: ['3200000 EUR', '1250000 EUR', '184500 EUR'],
    names: ['Claire Fontaine', 'Paul Girard', 'Lumière Énergie SAS', 'Montpellier'],
    says: "approuve à l'unanimité les comptes",
    text: `Procès-verbal de la réunion du conseil d'administration

Date : 3 février 2026
Lieu : Lyon, siège de la société Lumière Énergie SAS
Présents : Mme Claire Fontaine (présidente), M. Paul Girard, M. Antoine Lefèvre
Excusés : Mme Sophie Bernard

Ordre du jour
1. Approbation des comptes 2025
2. Projet de parc solaire à Montpellier
3. Divers

La présidente ouvre la séance à 14 heures et constate que le quorum est atteint. Le conseil approuve à l'unanimité les comptes de l'exercice 2025, qui font apparaître un chiffre d'affaires de 3,2 millions d'euros et un résultat net de 184 500 €.

M. Girard présente le projet de parc solaire à Montpellier. L'investissement est estimé à 1 250 000 € et la mise en service est prévue pour le 15 septembre 2027. Le conseil décide de confier l'étude d'impact au cabinet Verdier Conseil SARL.

La prochaine réunion est fixée au 12 mai 2026. La séance est levée à 16 h 30.
`,
  },
  {
    name: 'informe.md',
    mediaType: 'text/markdown',
    title: 'Informe de incidente: caída del servicio de pagos',
    kind: 'incident_report',
    language: 'es',
    dates: ['2026-01-07', '2026-01-31'],
    amounts: ['38500 EUR'],
    names: ['Lucía Fernández', 'Redes del Sur S.L.', 'Madrid'],
    says: 'La causa raíz fue un certificado caducado',
    text: `# Informe de incidente: caída del servicio de pagos

**Fecha:** 7 de enero de 2026
**Responsable:** Lucía Fernández

## Resumen

El 7 de enero de 2026 a las 09:42 el servicio de pagos dejó de responder durante 87 minutos. Unos 12.400 clientes de España y Portugal no pudieron completar sus compras. La causa raíz fue un certificado caducado en el equilibrador de carga del centro de datos de Madrid.

## Impacto

Las pérdidas estimadas ascienden a 38.500,00 €. El proveedor Redes del Sur S.L. confirmó el fallo a las 10:15.

## Medidas correctivas

- Renovación automática de certificados antes del 31/01/2026.
- Alerta treinta días antes de cada caducidad.
- El equipo de Javier Morales revisará el procedimiento de guardia cada trimestre.
`,
  },
  {
    name: 'lettera.txt',
    mediaType: 'text/plain',
    title: 'disdetta del contratto di manutenzione',
    kind: 'letter',
    language: 'it',
    dates: ['2026-04-18', '2023-05-02', '2026-06-30'],
    amounts: ['2400 EUR'],
    names: ['Officine Rossi S.r.l.', 'Meccanica Alpina S.p.A.'],
    says: 'comunichiamo la disdetta',
    text: `Spett.le
Officine Rossi S.r.l.
Via Garibaldi 12
20121 Milano

Torino, 18 aprile 2026

Oggetto: disdetta del contratto di manutenzione

Gentile Signora Bianchi,

con la presente comunichiamo la disdetta del contratto di manutenzione n. 4471 del 2 maggio 2023, con effetto dal 30 giugno 2026. Il canone annuo di 2.400,00 euro è già stato versato fino alla scadenza.

Vi preghiamo di confermare per iscritto la ricezione di questa lettera e di restituire le chiavi del magazzino entro il 15 luglio 2026.

Distinti saluti,

Giuseppe Conti
Meccanica Alpina S.p.A.
`,
  },
  {
    name: 'mail.eml',
    mediaType: 'message/rfc822',
    title: 'Delay of the Zurich data centre move',
    kind: 'email',
    language: 'en',
    dates: ['2026-03-02', '2026-04-04'],
    amounts: ['12000 CHF'],
    names: ['Ada Lovelace', 'Charles Babbage', 'Zurich'],
    says: 'slips by two weeks',
    text: `From: Ada Lovelace <ada@example.org>
To: Charles Babbage <charles@example.org>
Cc: Mary Somerville <mary@example.org>
Date: Mon, 2 Mar 2026 09:14:00 +0000
Subject: Delay of the Zurich data centre move

Hi Charles,

the move of the Zurich data centre slips by two weeks because the carrier cannot deliver the second fibre line before 20 March. The new date for the cut-over is 4 April 2026. The extra cost is CHF 12'000 for the overlap of the two leases.

Could you tell the customers by Friday? Mary has a draft of the announcement.

Best regards,
Ada

> On 27 February, Charles Babbage wrote:
> Is the date still firm?
`,
  },
  {
    name: 'expenses.csv',
    mediaType: 'text/csv',
    title: 'expenses',
    kind: 'table',
    language: 'und',
    dates: ['2026-01-04'],
    amounts: ['389 EUR'],
    names: [],
    says: 'amount_eur 831.5',
    text: `date,vendor,category,amount_eur
2026-01-04,Deutsche Bahn,travel,129.90
2026-01-05,Hotel Adler,lodging,240.00
2026-01-09,Cafe Central,meals,18.40
2026-02-11,Lufthansa,travel,389.00
2026-02-12,"Taxi, airport",travel,54.20
`,
  },
  {
    name: 'paper.pdf',
    mediaType: 'application/pdf',
    title: 'Measuring Tail Latency in Durable Task Queues',
    kind: 'article',
    language: 'en',
    dates: [],
    amounts: [],
    names: ['University of Edinburgh', 'Maria Gonzalez'],
    says: 'We propose a benchmark',
    text: `Measuring Tail Latency in Durable Task Queues

Maria Gonzalez, Wei Chen
Department of Computer Science, University of Edinburgh

Abstract
Durable task queues are the backbone of modern data pipelines, yet their tail latency is rarely measured under
failure. We propose a benchmark that injects process crashes while counting every delivered event. Our experiments
on three open-source queues show that the 99th percentile latency grows by a factor of eight when a single worker
is killed. We trace most of the growth to lease expiry and show that shorter leases reduce it by 60 %.

1 Introduction
Queues decouple producers from consumers. In 2019, Kleppmann et al. described the dual write problem. Since then,
many systems adopted the outbox pattern, but its cost under failure is unclear.

2 Method
We run each queue on two machines in Edinburgh and inject crashes from a seeded generator. The dataset of 4.2
million events is published with the paper (doi:10.1000/182).

References
[1] M. Kleppmann. Designing Data-Intensive Applications. O'Reilly, 2017.
`,
  },
  {
    name: 'meeting-notes.md',
    mediaType: 'text/markdown',
    title: 'Weekly platform sync',
    kind: 'minutes',
    language: 'en',
    dates: ['2026-03-04', '2026-03-21'],
    amounts: ['8500 USD'],
    names: ['Priya Sharma', 'Tom Becker', 'Kenji Tanaka'],
    says: 'The team decided to move production',
    text: `# Weekly platform sync

Date: March 4, 2026
Attendees: Priya Sharma, Tom Becker, Elena Rossi
Apologies: Kenji Tanaka

## Agenda
1. Migration to Postgres 18
2. On-call rota

## Discussion
Priya reported that the staging migration took 42 minutes and that two extensions need an upgrade first. The team decided to move production on March 21, 2026, with a rollback window of two hours. Tom will write the runbook.

Elena asked for a second engineer on call during the move. The budget of $8,500 for external support was approved.

## Action items
- Tom Becker: runbook by March 11
- Elena Rossi: rota for April
- Next meeting: March 18, 2026
`,
  },
];
