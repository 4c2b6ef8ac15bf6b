import { describe, expect, it } from 'vitest';
import { detectLanguage } from './detect-language.ts';

describe('detectLanguage', () => {
  it.each([
    ['en', 'The supplier shall deliver the goods within four weeks of the order.'],
    ['de', 'Der Lieferant liefert die Ware innerhalb von vier Wochen nach der Bestellung.'],
    ['fr', 'Le fournisseur livre les marchandises dans les quatre semaines de la commande.'],
    ['es', 'El proveedor entregará los bienes en las cuatro semanas siguientes al pedido.'],
    ['it', 'Il fornitore consegna la merce entro quattro settimane dalla data dell’ordine.'],
    ['nl', 'De leverancier levert de goederen binnen vier weken na de bestelling van het bedrijf.'],
    ['pt', 'O fornecedor entrega os bens no prazo de quatro semanas após a encomenda, não mais tarde.'],
    ['ru', 'Поставщик поставляет товар в течение четырёх недель после заказа.'],
    ['ja', '供給者は注文後四週間以内に商品を納入するものとする。'],
    ['ar', 'يسلم المورد البضاعة خلال أربعة أسابيع من تاريخ الطلب.'],
  ])('knows %s by one sentence', (language, text) => {
    expect(detectLanguage(text).language).toBe(language);
  });

  it.each(['', '12 34 56', 'SKU-1 / SKU-2', 'qty,sku,ref\n1,AX,9'])('says und for "%s"', (text) => {
    expect(detectLanguage(text).language).toBe('und');
  });
});
